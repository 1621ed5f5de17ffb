//! What the watch has to remember from one look to the next to judge well.

use std::collections::BTreeMap;
use std::time::Duration;

use steep_ipc::Level;
use steep_pg::subscriptions::{Found, LoggedError};
use steep_types::Lsn;

use super::facts::{Facts, NodeFacts};

/// PostgreSQL's default pause before it starts a failed worker again
/// (`wal_retrieve_retry_interval`).
const RETRY: Duration = Duration::from_secs(5);
/// So many of these pauses without a new error mean that the old one is no longer in the way, where
/// nothing was applied since that would say it sooner.
const QUIET_PAUSES: u32 = 3;

/// What the watch remembers. Times are counted from the start of the watch.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Memory {
    subscriptions: BTreeMap<String, Remembered>,
    levels: BTreeMap<String, Level>,
    now: Duration,
    has_looked: bool,
    /// How long PostgreSQL waits before it starts a failed worker again.
    retry: Duration,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Remembered {
    errors: u64,
    /// When the count grew the last time, while that is in the way.
    failed_at: Option<Duration>,
    /// Up to where was applied then. What failed comes next: a worker applies one transaction after
    /// the other, and begins again with the first that it has not committed.
    stuck_at: Option<Lsn>,
    /// At how many looks it had grown since nothing was in the way.
    grown: u32,
    /// The last error that the log had, and whether it is the one that is in the way.
    logged: Option<LoggedError>,
    is_told: bool,
    /// For how many looks in a row no worker was connected although one should be, and since when.
    without_worker: u32,
    without_since: Option<Duration>,
    /// When it was seen to be enabled, unless it was already when the watch began.
    enabled_at: Option<Duration>,
    was_enabled: bool,
}

impl Memory {
    /// Takes in what a look found at this time.
    pub fn observe(&mut self, now: Duration, facts: &Facts) {
        self.now = now;
        let Some(node) = &facts.node else {
            self.subscriptions.clear();
            return;
        };
        self.retry = retry(node);
        let quiet = self.retry.max(RETRY) * QUIET_PAUSES;
        let is_first_look = !std::mem::replace(&mut self.has_looked, true);
        let mut before = std::mem::take(&mut self.subscriptions);
        for subscription in &node.subscriptions {
            let Some(found) = &subscription.found else { continue };
            let known = before.remove(&subscription.peer);
            let is_new = known.is_none();
            let mut memory = known.unwrap_or_default();
            // Errors from before the watch began are in the way only if no worker runs. A smaller
            // count: somebody has reset the statistics.
            let has_failed = found.apply_errors > memory.errors;
            let applied = applied(found);
            let has_moved = memory.stuck_at.is_some() && applied > memory.stuck_at;
            // Also without a worker: one that cannot even connect meets no error that is counted.
            let is_quiet = |at| now.saturating_sub(at) >= quiet;
            if has_moved || memory.failed_at.is_some_and(is_quiet) {
                (memory.failed_at, memory.grown, memory.is_told) = (None, 0, false);
                memory.stuck_at = None;
            }
            let logged = node.logged_errors.get(&subscription.peer);
            if has_failed && (!is_new || (found.is_enabled && found.worker.is_none())) {
                (memory.failed_at, memory.stuck_at) = (Some(now), applied);
                memory.grown = memory.grown.saturating_add(1);
                // An older error is no word about this one; how old the first one is nobody knows.
                let known = memory.logged.as_ref();
                let is_other = |error: &LoggedError| known.is_none_or(|it| it.place != error.place);
                memory.is_told |= !is_new && logged.is_some_and(is_other);
            }
            if logged.is_some() {
                memory.logged = logged.cloned();
            }
            memory.errors = found.apply_errors;
            let should_run = found.is_enabled;
            memory.without_worker = match (should_run, found.worker) {
                (true, None) => memory.without_worker.saturating_add(1),
                // It has had no word from the peer yet: one of the many that try in vain while a
                // link is cut, for as long as connecting takes, or the first that will succeed.
                (true, Some(_)) if found.received_lsn.is_none() => memory.without_worker,
                _ => 0,
            };
            if memory.without_worker == 0 {
                memory.without_since = None;
            } else {
                memory.without_since.get_or_insert(now);
            }
            if !memory.was_enabled && !is_first_look {
                memory.enabled_at = Some(now);
            }
            memory.was_enabled = found.is_enabled;
            self.subscriptions.insert(subscription.peer.clone(), memory);
        }
    }

    /// Whether a change that cannot be applied is in the way of the subscription to this peer, and
    /// since when its error has not come again.
    ///
    /// PostgreSQL counts the loss of a connection as well (`start_apply` counts whatever ends the
    /// worker's loop), but only once: then the worker cannot connect, which is not counted. So it
    /// takes a second error, or the text of one, which the log has of changes only.
    #[must_use]
    pub fn failing_for(&self, peer: &str) -> Option<Duration> {
        let memory = self.subscriptions.get(peer)?;
        let is_certain = memory.grown > 1 || memory.is_told;
        Some(self.now.saturating_sub(memory.failed_at.filter(|_| is_certain)?))
    }

    /// Whether the apply worker ended with an error a moment ago, whatever it was.
    #[must_use]
    pub fn has_stopped(&self, peer: &str) -> bool {
        self.subscriptions.get(peer).is_some_and(|memory| memory.failed_at.is_some())
    }

    /// The text of that error, if it is known.
    #[must_use]
    pub fn error_text(&self, peer: &str) -> Option<&str> {
        let memory = self.subscriptions.get(peer).filter(|memory| memory.is_told)?;
        Some(memory.logged.as_ref()?.text.as_str())
    }

    /// The table of that error, if it is known.
    #[must_use]
    pub fn error_table(&self, peer: &str) -> Option<&str> {
        let memory = self.subscriptions.get(peer).filter(|memory| memory.is_told)?;
        memory.logged.as_ref()?.table.as_deref()
    }

    /// The last error of this peer's subscription that the log had, of whatever time.
    #[must_use]
    pub fn logged_error(&self, peer: &str) -> Option<&LoggedError> {
        self.subscriptions.get(peer)?.logged.as_ref()
    }

    /// Whether the count of errors is above the one seen before.
    #[must_use]
    pub fn has_new_errors(&self, peer: &str, errors: u64) -> bool {
        errors > self.subscriptions.get(peer).map_or(0, |memory| memory.errors)
    }

    /// For how many looks in a row no apply worker ran, and the peer has not been heard since.
    #[must_use]
    pub fn looks_without_worker(&self, peer: &str) -> u32 {
        self.subscriptions.get(peer).map_or(0, |memory| memory.without_worker)
    }

    /// Whether it has been like that for longer than PostgreSQL takes as a rule to start a worker
    /// again that has lost its connection.
    #[must_use]
    pub fn is_without_worker_for_long(&self, peer: &str) -> bool {
        let since = self.subscriptions.get(peer).and_then(|memory| memory.without_since);
        self.looks_without_worker(peer) > 1
            && since.is_some_and(|since| self.now.saturating_sub(since) > self.retry)
    }

    /// For how long the subscription to this peer has been enabled, if that is known.
    #[must_use]
    pub fn enabled_for(&self, peer: &str) -> Option<Duration> {
        Some(self.now.saturating_sub(self.subscriptions.get(peer)?.enabled_at?))
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

/// Up to where the changes of a peer are applied.
fn applied(found: &Found) -> Option<Lsn> {
    found.applied_lsn.as_ref()?.parse().ok()
}

/// How long PostgreSQL waits before it starts a failed worker again.
fn retry(node: &NodeFacts) -> Duration {
    let set = node.number("wal_retrieve_retry_interval").and_then(|ms| u64::try_from(ms).ok());
    set.map_or(RETRY, Duration::from_millis)
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
        at(&mut memory, 4, 4, Some(2));
        at(&mut memory, 7, 5, None);
        assert_eq!(memory.failing_for("b"), Some(Duration::ZERO));
        at(&mut memory, 9, 5, Some(3));
        assert!(memory.failing_for("b").is_some(), "the worker has only just come back");
        at(&mut memory, 21, 5, Some(3));
        assert!(memory.failing_for("b").is_some());
        at(&mut memory, 23, 5, Some(3));
        assert_eq!(memory.failing_for("b"), None);
    }

    #[test]
    fn an_error_is_over_when_what_had_failed_is_applied() {
        let mut memory = Memory::default();
        let mut look = |second, errors, applied: &str| {
            let mut facts = samples::healthy();
            let found = samples::incoming(&mut facts);
            (found.apply_errors, found.applied_lsn) = (errors, Some(applied.to_owned()));
            memory.observe(Duration::from_secs(second), &facts);
            memory.failing_for("b").is_some()
        };
        assert!(!look(0, 0, "0/10"));
        assert!(!look(2, 1, "0/20"), "it may be a lost connection");
        assert!(look(4, 2, "0/20"));
        // The worker is back, and has yet to come to the change.
        assert!(look(6, 2, "0/20") && look(8, 3, "0/20") && look(10, 3, "0/20"));
        assert!(!look(12, 3, "0/30"));
        assert!(!look(14, 3, "0/40"));
        // Another change, after some that could be applied.
        assert!(!look(16, 4, "0/50"));
        assert!(look(18, 5, "0/50"));
    }

    #[test]
    fn a_server_that_is_slow_to_try_again_is_given_the_time() {
        let mut memory = Memory::default();
        let mut look = |second, errors| {
            let mut facts = samples::healthy();
            samples::incoming(&mut facts).apply_errors = errors;
            let settings = &mut samples::node(&mut facts).settings;
            settings.insert("wal_retrieve_retry_interval".to_owned(), "20000".to_owned());
            memory.observe(Duration::from_secs(second), &facts);
            memory.failing_for("b").is_some()
        };
        assert!(!look(0, 0) && !look(2, 1) && look(22, 2));
        assert!(look(41, 2) && look(42, 3) && look(101, 3) && !look(102, 3));
    }

    #[test]
    fn a_connection_that_is_lost_is_no_change_that_cannot_be_applied() {
        let mut memory = Memory::default();
        at(&mut memory, 0, 3, Some(1));
        at(&mut memory, 2, 4, None);
        assert!(memory.has_stopped("b") && memory.failing_for("b").is_none());
        at(&mut memory, 16, 4, None);
        assert!(memory.has_stopped("b") && memory.failing_for("b").is_none());
        at(&mut memory, 17, 4, None);
        assert!(!memory.has_stopped("b"), "an error of a change would have come again");
        // The next loss begins anew.
        at(&mut memory, 19, 5, None);
        assert!(memory.has_stopped("b") && memory.failing_for("b").is_none());
    }

    #[test]
    fn an_error_that_the_log_had_before_is_no_word_about_a_lost_connection() {
        let mut memory = Memory::default();
        let look = |memory: &mut Memory, second, errors, place| {
            let mut facts = samples::healthy();
            samples::incoming(&mut facts).apply_errors = errors;
            let error = LoggedError {
                text: "no such table".into(),
                table: None,
                place: ("log".into(), place),
            };
            samples::node(&mut facts).logged_errors.insert("b".into(), error);
            memory.observe(Duration::from_secs(second), &facts);
        };
        look(&mut memory, 0, 1, 100);
        assert_eq!(memory.error_text("b"), None, "an error of long ago");
        look(&mut memory, 2, 2, 100);
        assert!(memory.has_stopped("b") && memory.failing_for("b").is_none());
        look(&mut memory, 20, 3, 900);
        assert!(memory.failing_for("b").is_some());
        assert_eq!(memory.error_text("b"), Some("no such table"));
        look(&mut memory, 35, 3, 900);
        assert_eq!(memory.error_text("b"), None, "it is over");
        look(&mut memory, 60, 4, 900);
        assert!(memory.failing_for("b").is_none(), "the next begins anew");
    }

    #[test]
    fn errors_from_before_the_watch_count_if_no_worker_runs() {
        let mut memory = Memory::default();
        at(&mut memory, 0, 3, None);
        assert!(memory.has_stopped("b"));
        at(&mut memory, 2, 4, None);
        assert!(memory.failing_for("b").is_some());
    }

    #[test]
    fn reset_statistics_are_no_error() {
        let mut memory = Memory::default();
        at(&mut memory, 0, 3, Some(1));
        at(&mut memory, 2, 0, Some(1));
        assert!(!memory.has_stopped("b"));
        at(&mut memory, 4, 1, None);
        assert!(memory.has_stopped("b"));
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

    #[test]
    fn a_worker_that_only_tries_to_connect_is_none() {
        let mut memory = Memory::default();
        at(&mut memory, 0, 0, None);
        let mut facts = samples::healthy();
        samples::incoming(&mut facts).received_lsn = None;
        memory.observe(Duration::from_secs(2), &facts);
        assert_eq!(memory.looks_without_worker("b"), 1);
        at(&mut memory, 4, 0, Some(2));
        assert_eq!(memory.looks_without_worker("b"), 0);
        // A node that has just started is not in trouble.
        memory.observe(Duration::from_secs(6), &facts);
        assert_eq!(memory.looks_without_worker("b"), 0);
    }
}
