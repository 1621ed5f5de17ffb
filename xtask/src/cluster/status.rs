//! `cluster status`: which nodes run.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use serde::Serialize;

use super::description::{Description, FILE, Node};
use crate::{daemons, say};

/// What is told of one node.
#[derive(Debug, Serialize)]
struct NodeStatus {
    name: String,
    status: Status,
    port: u16,
    pid: Option<u32>,
    daemon: Status,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Running,
    Stopped,
}

pub(super) fn run(folder: &Path, json: bool) -> Result<ExitCode> {
    let Some(description) = Description::read(folder)? else {
        bail!("there are no clusters in {}: it has no {FILE}", folder.display());
    };
    let statuses =
        description.nodes.iter().map(|node| ask(folder, node)).collect::<Result<Vec<_>>>()?;
    if json {
        let text = serde_json::to_string_pretty(&statuses);
        say::answer(text.context("the status cannot be written as JSON")?);
    } else {
        for status in &statuses {
            say::answer(line(status));
        }
    }
    let all_run = statuses
        .iter()
        .all(|node| node.status == Status::Running && node.daemon == Status::Running);
    Ok(if all_run { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn ask(folder: &Path, node: &Node) -> Result<NodeStatus> {
    let pid = node.cluster()?.pid();
    let of = |runs: bool| if runs { Status::Running } else { Status::Stopped };
    let daemon = of(daemons::runs(&daemons::folder_of(folder, &node.name)));
    let status = of(pid.is_some());
    Ok(NodeStatus { name: node.name.clone(), status, port: node.port()?, pid, daemon })
}

fn line(node: &NodeStatus) -> String {
    let NodeStatus { name, port, .. } = node;
    let daemon = match node.daemon {
        Status::Running => "daemon running",
        Status::Stopped => "daemon stopped",
    };
    match node.pid {
        Some(pid) => format!("{name}  running  port {port}  process {pid}  {daemon}"),
        None => format!("{name}  stopped  port {port}  {daemon}"),
    }
}
