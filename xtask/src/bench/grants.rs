//! How long a node takes to be granted a range by another one, against what it may take.

use std::time::Instant;

use anyhow::{Context as _, Result};
use steep_ipc::{RangeAllocate, Request};
use steep_ipc_tokio::{Client, Endpoint};
use steep_testkit::{Major, PgCluster, PgClusterBuilder};
use tokio::runtime::{Builder, Runtime};

use super::Size;
use super::figure::{Figure, Target};
use crate::daemons::{Daemon, Programs};
use crate::{cluster, say};

const DATABASE: &str = "postgres";

/// So many grants a round.
const GRANTS: usize = 100;

/// Milliseconds: a table whose ranges last a second must not feel that they are granted elsewhere.
const MAY: f64 = 5.0;

/// Two nodes on this machine, with certificates. Whoever does not own the lowest free ids asks its own daemon
/// for a range; the time runs until the range is recorded by both, and answered.
pub(super) fn run(programs: &Programs, major: Major, size: Size) -> Result<Vec<Figure>> {
    let guard = super::folder()?;
    let builder = |name: &str| {
        let builder = PgCluster::builder(major).name(name).with_extension();
        builder.folder(guard.path().join(name))
    };
    let nodes = PgClusterBuilder::start_all(&["a", "b"].map(builder))?;
    for node in &nodes {
        node.expect_log("");
    }
    let daemons = cluster::join(programs, guard.path(), &nodes, DATABASE)?;
    for node in &nodes {
        node.execute(DATABASE, "create table t (id bigserial primary key)")?;
    }
    daemons[0].must(&["table", "add", "public.t"])?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let (mut medians, mut slow) = (Vec::new(), Vec::new());
    for round in 1..=size.rounds {
        let mut times = grants(&runtime, &nodes, &daemons)?;
        times.sort_by(f64::total_cmp);
        let (median, p99) = (times[GRANTS / 2], times[GRANTS * 99 / 100]);
        say::progress(format!(
            "grants, round {round} of {}: median {median:.2} ms, 99th percentile {p99:.2} ms",
            size.rounds
        ));
        medians.push(median);
        slow.push(p99);
    }
    let figure = |metric, measured: Vec<f64>, target| {
        let may = vec![MAY; measured.len()];
        let case = ("grants", "by_the_other_node");
        Figure::new(case, (metric, "ms"), measured, may, target)
    };
    Ok(vec![figure("median", medians, Target::AtMost(1.0)), figure("p99", slow, Target::None)])
}

/// Milliseconds of each.
fn grants(runtime: &Runtime, nodes: &[PgCluster], daemons: &[Daemon]) -> Result<Vec<f64>> {
    let mut clients = Vec::new();
    for daemon in daemons {
        let endpoint = Endpoint::at(daemon.ipc());
        clients.push(runtime.block_on(Client::connect(&endpoint, "bench"))?);
    }
    let request = Request::RangeAllocate(RangeAllocate {
        table: "public.t".to_owned(),
        size: None,
        force: false,
    });
    let mut times = Vec::with_capacity(GRANTS);
    for _ in 0..GRANTS {
        let lowest = "select steep_repl.range_granter('public', 't', array['a', 'b'])";
        let granter = nodes[0].value(DATABASE, lowest)?;
        let holder = nodes.iter().position(|node| node.name() != granter).context("two nodes")?;
        let began = Instant::now();
        runtime.block_on(clients[holder].call(&request))?;
        times.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    Ok(times)
}
