//! `cargo xtask demo`: from a fresh machine to nodes that visibly replicate both ways.
//!
//! Two nodes take the same writes at once, a third joins meanwhile, and at the end all hold the same
//! rows.

mod load;
mod table;

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use steep_testkit::{
    GuardedFolder, Major, PgCluster, PgClusterBuilder, server_user_can_enter, wait,
};

use self::load::Load;
use crate::command::major;
use crate::daemons::{Daemon, Programs};
use crate::project::Project;
use crate::{cluster, ext, process, say};

/// How long both nodes write before the third joins, and after it has.
const WRITING: Duration = Duration::from_secs(3);
/// How long the nodes may take to hold the same rows once nobody writes.
const PATIENCE: Duration = Duration::from_secs(120);

const DATABASE: &str = "shop";

/// Tables as an application would have them.
const SCHEMA: &str = "
  create table item (id int primary key, name text not null, stock int not null, price numeric(8, 2) not null);
  create table purchase (id uuid primary key default gen_random_uuid(), item int not null, amount int not null,
    node text not null, at timestamptz not null default clock_timestamp());
  create index on purchase (item);
  insert into item select i, 'item ' || i, 100, (i * 7 % 500) / 10.0 from generate_series(1, 1000) i;";

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// PostgreSQL major
    #[arg(long, default_value = "18", value_parser = major)]
    pg: Major,
    /// Leave everything running, and say how to look at it
    #[arg(long)]
    keep: bool,
    /// Where everything is kept meanwhile [default: a temporary folder]
    #[arg(long)]
    dir: Option<std::path::PathBuf>,
    /// Print the table as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(project: &Project, options: &Options) -> Result<()> {
    ext::provide(project, &[options.pg])?;
    let programs = Programs::build(project)?;
    let parent = options.dir.clone().unwrap_or_else(std::env::temp_dir);
    if !server_user_can_enter(&parent)? {
        bail!(
            "the OS user that runs the servers cannot enter {}; choose another --dir",
            parent.display()
        );
    }
    let folder = parent.join(format!("steep-demo-{}", std::process::id()));
    let guard = GuardedFolder::create(&folder)
        .with_context(|| format!("cannot use {}; choose another --dir", folder.display()))?;

    say::progress("starting three servers; a and b will replicate, c is empty");
    let builders: Vec<_> = ["a", "b", "c"]
        .into_iter()
        .map(|name| {
            PgCluster::builder(options.pg)
                .with_extension()
                .folder(guard.path().join(name))
                .name(name)
        })
        .collect();
    let nodes = PgClusterBuilder::start_all(&builders)?;
    for node in &nodes {
        node.expect_log("");
        cluster::make_database(node, DATABASE)?;
    }
    nodes[0].execute(DATABASE, SCHEMA)?;
    let daemons = cluster::join(&programs, guard.path(), &nodes[..2], DATABASE)?;
    let third = third_daemon(&programs, &guard, &nodes[2])?;

    say::progress("writing to a and b at once, often to the same rows");
    let load = Load::start(&nodes[..2], DATABASE)?;
    load.run_for(WRITING)?;
    say::progress("c joins, while the writing goes on");
    daemons[0].must(&["node", "add", &third.grpc])?;
    load.run_for(WRITING)?;
    let written = load.stop()?;
    say::progress("waiting until all have received everything");
    let all: Vec<_> = nodes.iter().collect();
    for table in ["item", "purchase"] {
        wait::tables_equal(&all, DATABASE, table, PATIENCE).context("the nodes differ")?;
    }
    let report = table::Report::gather(&nodes, &daemons, &third, DATABASE, written)?;
    if options.json {
        say::answer(report.json()?);
    } else {
        say::answer(report.text());
    }
    if options.keep {
        let daemons = daemons.into_iter().chain([third]).collect();
        say::progress(format!("to end it: cargo xtask cluster down --dir {}", folder.display()));
        return cluster::leave_running(guard, nodes, daemons, DATABASE, None);
    }
    Ok(())
}

/// The daemon of an empty database.
fn third_daemon(programs: &Programs, guard: &GuardedFolder, node: &PgCluster) -> Result<Daemon> {
    let certificates = guard.path().join("tls");
    let mut init = programs.bare_ctl();
    init.args(["tls", "init", "--dir"]).arg(&certificates).arg(node.name());
    process::last_line(&mut init)?;
    Daemon::start(programs, guard.path(), &certificates, node, DATABASE)
}
