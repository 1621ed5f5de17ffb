use crate::{Outcome, Plan, run};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// What came of many runs.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// How many runs there were.
    pub seeds: u64,
    /// Everything that happened in them.
    pub events: u64,
    /// Messages handed to the network.
    pub messages: u64,
    /// Elected coordinators that came to act.
    pub reigns: u64,
    /// Times that a node began to act alone.
    pub alone: u64,
    /// Commands that a quorum has written down.
    pub commands: u64,
    /// The longest recovery after the last fault, in microseconds, and its seed.
    pub slowest_recovery: (u64, u64),
    /// The violation of the lowest seed that was found to have one.
    pub violation: Option<String>,
    /// The plan of that seed.
    pub violated: Option<Plan>,
}

impl Summary {
    fn add(&mut self, outcome: &Outcome) {
        let stats = &outcome.stats;
        self.seeds += 1;
        self.events += stats.events;
        self.messages += stats.messages;
        self.reigns += stats.reigns;
        self.alone += stats.alone;
        self.commands += stats.commands;
        if let Some(recovery) = stats.recovery {
            self.slowest_recovery = self.slowest_recovery.max((recovery, outcome.plan.seed));
        }
        let is_first = self.violated.is_none_or(|plan| plan.seed > outcome.plan.seed);
        if let (Some(violation), true) = (&outcome.violation, is_first) {
            self.violation = Some(violation.to_string());
            self.violated = Some(outcome.plan);
        }
    }
}

/// Runs `plan` with each of the seeds from its own on, until one fails, on that many threads.
/// `watch` is told now and then how many are done.
#[must_use]
pub fn run_all(plan: Plan, seeds: u64, threads: usize, watch: impl Fn(u64) + Sync) -> Summary {
    /// Seeds that a thread takes at a time.
    const HANDFUL: u64 = 100;
    let (next, is_over) = (AtomicU64::new(0), AtomicBool::new(false));
    let summary = Mutex::new(Summary::default());
    thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                loop {
                    let first = next.fetch_add(HANDFUL, Ordering::Relaxed);
                    if first >= seeds || is_over.load(Ordering::Relaxed) {
                        break;
                    }
                    let outcomes = (first..seeds.min(first + HANDFUL))
                        .map(|at| run(Plan { seed: plan.seed.wrapping_add(at), ..plan }));
                    for outcome in outcomes {
                        let has_failed = outcome.violation.is_some();
                        let mut summary = summary.lock().unwrap_or_else(PoisonError::into_inner);
                        summary.add(&outcome);
                        if has_failed {
                            is_over.store(true, Ordering::Relaxed);
                        }
                    }
                    watch(summary.lock().unwrap_or_else(PoisonError::into_inner).seeds);
                }
            });
        }
    });
    summary.into_inner().unwrap_or_else(PoisonError::into_inner)
}
