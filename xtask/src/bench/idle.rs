//! What a daemon takes while nothing happens, against what it may take.

use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};
use steep_testkit::{Major, PgCluster, PgClusterBuilder};

use super::Size;
use super::figure::{Figure, Target};
use crate::daemons::{Daemon, Programs};
use crate::{cluster, platform, say};

const DATABASE: &str = "postgres";

/// Of each round: the system counts a processor's time in hundredths of a second.
const LOOK: Duration = Duration::from_secs(20);

/// In which a daemon does once what it does seldom.
const WARM_UP: Duration = Duration::from_secs(15);

/// What a daemon may take: kilobytes of memory, and percent of one processor.
const MAY: (f64, f64) = (30.0 * 1024.0, 1.0);

/// Three nodes with heartbeats of a second: the daemon that has most memory, and the processor time of one
/// on average.
pub(super) fn run(programs: &Programs, major: Major, size: Size) -> Result<Vec<Figure>> {
    let guard = super::folder()?;
    let builder = |name: &str| {
        let builder = PgCluster::builder(major).name(name).with_extension();
        builder.folder(guard.path().join(name)).setting("steep_repl.heartbeat_interval", "1s")
    };
    let nodes = PgClusterBuilder::start_all(&["a", "b", "c"].map(builder))?;
    for node in &nodes {
        node.expect_log("");
    }
    let daemons = cluster::join(programs, guard.path(), &nodes, DATABASE)?;
    say::progress(format!("three daemons, {} s before they are looked at", WARM_UP.as_secs()));
    thread::sleep(WARM_UP);
    let (mut memory, mut processor) = (Vec::new(), Vec::new());
    for round in 1..=size.rounds {
        let before = busy(&daemons)?;
        thread::sleep(LOOK);
        let percent = (busy(&daemons)? - before) / LOOK.as_secs_f64() * 100.0;
        let kilobytes = daemons.iter().filter_map(|daemon| platform::resident_memory(daemon.pid()));
        let kilobytes = kilobytes.max().context(UNKNOWN)?;
        memory.push(f64::from(kilobytes));
        processor.push(percent / daemons.len() as f64);
        say::progress(format!("idle, round {round} of {}: {kilobytes} kB", size.rounds));
    }
    let figure = |metric, measured: Vec<f64>, may: f64| {
        let baseline = vec![may; measured.len()];
        let case = ("idle", "daemon_of_three_nodes");
        Figure::new(case, metric, measured, baseline, Target::AtMost(1.0))
    };
    Ok(vec![
        figure(("resident_memory", "kB"), memory, MAY.0),
        figure(("processor", "%"), processor, MAY.1),
    ])
}

const UNKNOWN: &str = "this system does not tell what a process takes; measure on Linux";

/// Processor time of all of them together, in seconds.
fn busy(daemons: &[Daemon]) -> Result<f64> {
    let each = daemons.iter().map(|daemon| platform::all_threads_seconds(daemon.pid()));
    each.sum::<Option<f64>>().context(UNKNOWN)
}
