//! What the watch has to remember from one look to the next to judge well.

use std::collections::BTreeMap;
use std::time::Duration;

use steep_ipc::Level;

use super::facts::Facts;

/// How long a worker has to run without a new error before the old one is no longer in the way:
/// three times PostgreSQL's default pause before it starts a failed worker again
/// (`wal_retrieve_retry_interval`, 5 s).
const QUIET: Duration = Duration::from_secs(15);

/// What the watch remembers. Times are counted from the start of the watch.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Memory {
    subscriptions: BTreeMap<String, Remembered>,
    levels: BTreeMap<String, Level>,
    now: Duration,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Remembered {
    errors: u64,
    /// When the count grew the last time, while that is in the way.
    failed_at: Option<Duration>,
    text: Option<String>,
    /// For how many looks in a row no worker ran although one should.
    without_worker: u32,
}

impl Memory {
    /// Takes in what a look found at this time.
    pub fn observe(&mut self, now: Duration, facts: &Facts) {
        self.now = now;
        let Some(node) = &facts.node else {
            self.subscriptions.clear();
            return;
        };
        let mut before = std::mem::take(&mut self.subscriptions);
        for subscription in &node.subscriptions {
            let Some(found) = &subscription.found else { continue };
            let known = before.remove(&subscription.peer);
            let is_new = known.is_none();
            let mut memory = known.unwrap_or_default();
            // Errors from before the watch began are in the way only if no worker runs. A smaller
            // count: somebody has reset the statistics.
            let has_failed = found.apply_errors > memory.errors;
            if has_failed && (!is_new || (found.is_enabled && found.worker.is_none())) {
                memory.failed_at = Some(now);
            }
            memory.errors = found.apply_errors;
            let should_run = found.is_enabled;
            memory.without_worker = match (should_run, found.worker) {
                (true, None) => memory.without_worker.saturating_add(1),
                _ => 0,
            };
            let is_over = memory
                .failed_at
                .is_some_and(|at| found.worker.is_some() && now.saturating_sub(at) >= QUIET);
            if is_over {
                memory.failed_at = None;
            }
            memory.text = match memory.failed_at {
                Some(_) => node.error_texts.get(&subscription.peer).cloned(),
                None => None,
            };
            self.subscriptions.insert(subscription.peer.clone(), memory);
        }
    }

    /// Whether an apply error of the subscription to this peer is in the way, and since when it has
    /// not come again.
    #[must_use]
    pub fn failing_for(&self, peer: &str) -> Option<Duration> {
        let at = self.subscriptions.get(peer)?.failed_at?;
        Some(self.now.saturating_sub(at))
    }

    /// The text of that error, if it is known.
    #[must_use]
    pub fn error_text(&self, peer: &str) -> Option<&str> {
        self.subscriptions.get(peer)?.text.as_deref()
    }

    /// Whether the count of errors is above the one seen before.
    #[must_use]
    pub fn has_new_errors(&self, peer: &str, errors: u64) -> bool {
        errors > self.subscriptions.get(peer).map_or(0, |memory| memory.errors)
    }

    /// For how many looks in a row no apply worker ran although one should.
    #[must_use]
    pub fn looks_without_worker(&self, peer: &str) -> u32 {
        self.subscriptions.get(peer).map_or(0, |memory| memory.without_worker)
    }

    /// The level that a check had at the look before.
    #[must_use]
    pub fn level(&self, check: &str) -> Level {
        self.levels.get(check).copied().unwrap_or(Level::Ok)
    }

    /// Keeps the levels of this look for the next.
    pub fn remember_levels(&mut self, checks: &[steep_ipc::Check]) {
        self.levels = checks.iter().map(|check| (check.name.clone(), check.level)).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::super::checks::samples;
    use super::*;

    fn at(memory: &mut Memory, seconds: u64, errors: u64, worker: Option<i32>) {
        let mut facts = samples::healthy();
        let found = samples::incoming(&mut facts);
        found.apply_errors = errors;
        found.worker = worker;
        memory.observe(Duration::from_secs(seconds), &facts);
    }

    #[test]
    fn an_error_is_in_the_way_until_a_worker_has_run_quietly() {
        let mut memory = Memory::default();
        at(&mut memory, 0, 3, Some(1));
        assert_eq!(memory.failing_for("b"), None, "an error of long ago");
        at(&mut memory, 2, 4, None);
        assert_eq!(memory.failing_for("b"), Some(Duration::ZERO));
        at(&mut memory, 4, 4, Some(2));
        assert!(memory.failing_for("b").is_some(), "the worker has only just come back");
        at(&mut memory, 7, 5, None);
        at(&mut memory, 21, 5, Some(3));
        assert!(memory.failing_for("b").is_some());
        at(&mut memory, 23, 5, Some(3));
        assert_eq!(memory.failing_for("b"), None);
    }

    #[test]
    fn errors_from_before_the_watch_count_if_no_worker_runs() {
        let mut memory = Memory::default();
        at(&mut memory, 0, 3, None);
        assert!(memory.failing_for("b").is_some());
    }

    #[test]
    fn reset_statistics_are_no_error() {
        let mut memory = Memory::default();
        at(&mut memory, 0, 3, Some(1));
        at(&mut memory, 2, 0, Some(1));
        assert_eq!(memory.failing_for("b"), None);
        at(&mut memory, 4, 1, None);
        assert!(memory.failing_for("b").is_some());
    }

    #[test]
    fn looks_without_a_worker_are_counted_in_a_row() {
        let mut memory = Memory::default();
        for (second, worker, expected) in
            [(0, None, 1), (2, None, 2), (4, Some(1), 0), (6, None, 1)]
        {
            at(&mut memory, second, 0, worker);
            assert_eq!(memory.looks_without_worker("b"), expected);
        }
    }
}
