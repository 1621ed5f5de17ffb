//! Random writes on all nodes at once, while links break, workers die and servers crash.
//!
//! A seed gives each node its statements and the run its accidents; what happens when two of them
//! meet is up to the machine, so a seed that fails once need not fail again. Whatever happens, in
//! the end
//!
//! * all tables have the same rows everywhere, and replication runs;
//! * every row there is was written by somebody ([`check`](self));
//! * every write that was neither the last word nor written over by somebody who saw it is in the
//!   conflict log of some node.
//!
//! Each write of a row leaves a token in it that no other write uses. Triggers that fire for the
//! node's own writes note which tokens it wrote and which it wrote over.

mod chaos;
mod check;
mod operation;
mod random;
mod schema;
mod story;
mod worker;

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use steep_testkit::Major;

pub use self::check::Findings;
use self::random::Random;
use crate::{Failure, Group};

/// How long all nodes may take to apply what a run left: long, since workers that died wait before
/// they are started again, and failed transactions are applied anew.
const PATIENCE: Duration = Duration::from_secs(180);

/// How many accidents of each kind there were.
pub type Accidents = Vec<(&'static str, usize)>;

/// One run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// What everything random comes from.
    pub seed: u64,
    /// How many nodes write.
    pub nodes: usize,
    /// The server.
    pub major: Major,
    /// How many transactions each node tries.
    pub transactions: usize,
}

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The run.
    pub run: Run,
    /// What was checked in the end.
    pub findings: Findings,
    /// Accidents, by kind.
    pub accidents: Accidents,
    /// How long it took.
    pub took: Duration,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Run { seed, nodes, major, .. } = self.run;
        write!(f, "seed {seed} on {nodes} nodes of {major}: {}", self.findings)?;
        for (accident, count) in &self.accidents {
            write!(f, ", {count} {accident}")?;
        }
        write!(f, ", {:.1} s", self.took.as_secs_f64())
    }
}

/// How far the nodes' own writes have come.
#[derive(Debug, Default)]
struct Progress {
    transactions: AtomicUsize,
    is_over: AtomicBool,
}

impl Progress {
    fn transactions(&self) -> usize {
        self.transactions.load(Ordering::Relaxed)
    }
}

impl Run {
    /// Runs it on nodes of its own.
    ///
    /// # Errors
    /// When the nodes do not end as they must; the failure says what differs and how to run it
    /// again.
    pub fn run(self) -> Result<Report, Failure> {
        let began = Instant::now();
        let done = self.on_new_group();
        let (findings, accidents) = done.map_err(|failure| {
            let Self { seed, nodes, major, transactions } = self;
            Failure::new(format!(
                "{failure}\nagain: cargo xtask torture --seeds 1 --seed {seed} --nodes {nodes} \
                 --pg {major} --transactions {transactions}"
            ))
        })?;
        Ok(Report { run: self, findings, accidents, took: began.elapsed() })
    }

    fn on_new_group(self) -> Result<(Findings, Accidents), Failure> {
        let group =
            Group::builder(self.major, self.nodes).setting("deadlock_timeout", "100ms").start()?;
        schema::create(&group)?;
        group.settle()?;
        for node in group.nodes() {
            // Own writes fight each other's keys; what an apply worker meets of it, it tries again.
            node.expect_error("duplicate key value violates unique constraint");
            node.expect_error("deadlock detected");
            // What 18 says instead of the first.
            node.expect_log("conflict=(insert_exists|update_exists|multiple_unique_conflicts)");
        }
        let accidents = self.write_and_break(&group)?;
        group.meet();
        if let Err(failure) = group.converge_within(PATIENCE) {
            let stories = story::of_differences(&group) + &story::of_failures(&group);
            return Err(Failure::new(format!("{stories}\n{failure}")));
        }
        let findings = check::check(&group)?;
        let trouble: Vec<_> = group.nodes().iter().flat_map(|node| node.unexpected_log()).collect();
        if let Some(entry) = trouble.first() {
            let stories = story::of_failures(&group);
            return Err(
                group.failed(format!("{} lines of trouble: {entry}{stories}", trouble.len()))
            );
        }
        group.finish();
        Ok((findings, accidents))
    }

    fn write_and_break(self, group: &Group) -> Result<Accidents, Failure> {
        let progress = Progress::default();
        let mut random = Random::new(self.seed);
        thread::scope(|scope| {
            let mut workers = Vec::new();
            for node in group.names() {
                let random = random.fork();
                let (progress, transactions) = (&progress, self.transactions);
                workers.push(
                    scope.spawn(move || worker::work(group, node, random, transactions, progress)),
                );
            }
            let total = self.transactions * self.nodes;
            let accidents = chaos::cause(group, random.fork(), total, &progress);
            // Whoever is left need not finish what can no longer succeed.
            if accidents.is_err() {
                progress.is_over.store(true, Ordering::Relaxed);
            }
            for worker in workers {
                match worker.join() {
                    Ok(done) => done?,
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            accidents
        })
    }
}
