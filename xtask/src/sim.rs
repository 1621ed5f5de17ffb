//! `cargo xtask sim`: simulated groups of `steep-sim`, seed by seed, until one breaks an invariant.

use std::num::NonZero;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use anyhow::Result;
use serde::Serialize;
use steep_sim::{Broken, Plan, Summary, run_all};

use crate::say;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How many seeds to run
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// The first seed; the others follow it
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many nodes found the group; by default 2 to 7, as the seed has it
    #[arg(long, value_parser = clap::value_parser!(u16).range(2..=100))]
    nodes: Option<u16>,
    /// One line of JSON instead of a sentence
    #[arg(long)]
    json: bool,
    /// Show everything that happens; for one seed
    #[arg(long)]
    trace: bool,
    /// Let the driver do something wrong, to see an invariant notice it
    #[arg(long)]
    broken: Option<Broken>,
    /// How many seeds run at the same time; by default as many as there are processors
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
}

/// The interface: these fields and no others.
#[derive(Debug, Serialize)]
struct Line<'a> {
    seeds: u64,
    first_seed: u64,
    events: u64,
    messages: u64,
    reigns: u64,
    alone: u64,
    commands: u64,
    slowest_recovery_s: f64,
    slowest_recovery_seed: u64,
    wall_s: f64,
    violation: Option<&'a str>,
    replay: Option<&'a str>,
}

/// How many lines of a failing run are shown without `--trace`.
const SHOWN: usize = 200;

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let plan = Plan {
        nodes: options.nodes.map(usize::from),
        broken: options.broken,
        ..Plan::new(options.seed)
    };
    if options.trace && options.seeds == 1 {
        say::answer(steep_sim::run(Plan { traced: true, ..plan }).trace.trim_end());
    }
    let began = Instant::now();
    let threads = options.threads.map_or_else(processors, usize::from);
    let told = AtomicU64::new(0);
    let summary = run_all(plan, options.seeds, threads, |done| {
        // A line each ten thousand.
        let step = done / 10_000;
        if told.fetch_max(step, Ordering::Relaxed) < step {
            say::progress(format!("{done} of {} seeds", options.seeds));
        }
    });
    let replay = summary.violated.map(|plan| steep_sim::run(plan).command());
    if let Some(violated) = summary.violated.filter(|_| !options.trace) {
        show_end(violated);
    }
    report(options, &summary, began.elapsed().as_secs_f64(), replay.as_deref())?;
    Ok(if summary.violated.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn processors() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// The last that happened before an invariant was violated.
fn show_end(violated: Plan) {
    let trace = steep_sim::run(Plan { traced: true, ..violated }).trace;
    let lines: Vec<_> = trace.lines().collect();
    for line in &lines[lines.len().saturating_sub(SHOWN)..] {
        say::progress(line);
    }
}

fn report(options: &Options, summary: &Summary, wall: f64, replay: Option<&str>) -> Result<()> {
    let (recovery, recovery_seed) = summary.slowest_recovery;
    let recovery = recovery as f64 / 1e6;
    if options.json {
        let line = Line {
            seeds: summary.seeds,
            first_seed: options.seed,
            events: summary.events,
            messages: summary.messages,
            reigns: summary.reigns,
            alone: summary.alone,
            commands: summary.commands,
            slowest_recovery_s: recovery,
            slowest_recovery_seed: recovery_seed,
            wall_s: wall,
            violation: summary.violation.as_deref(),
            replay,
        };
        say::answer(serde_json::to_string(&line)?);
        return Ok(());
    }
    let Summary { seeds, events, reigns, alone, commands, .. } = summary;
    match (&summary.violation, replay) {
        (Some(violation), Some(replay)) => {
            say::answer(violation);
            say::answer(format!("replay it with: {replay}"));
        }
        _ => say::answer(format!(
            "{seeds} seeds passed in {wall:.0} s: {events} events, {reigns} elections won, \
             {alone} times alone, {commands} commands; the slowest recovery took {recovery} s \
             (seed {recovery_seed})"
        )),
    }
    Ok(())
}
