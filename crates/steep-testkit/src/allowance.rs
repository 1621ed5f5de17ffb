//! Which lines of trouble a test, or the kit by its own doing, expects in a server log.

use regex::Regex;

use crate::log::{LogEntry, Severity};

/// What a server that was started tells those who come too early. They may write it down when it is
/// up already. After a crash of its own it says something else (`canAcceptConnections`, postmaster.c).
const TOO_EARLY: &str = "^the database system is (starting up|not yet accepting connections)";

/// What else it tells them meanwhile.
const STARTING: &str = "^the database system is (in recovery mode|not accepting connections)";

/// What a server that is stopping tells those it is still serving.
const STOPPING: &str = "^terminating .*(due to|because of) (administrator command\
    |unexpected postmaster exit|immediate shutdown)\
    |^the database system is shutting down|^canceling authentication due to timeout";

/// What the two ends of a connection say when it is lost, and when it cannot be made again.
///
/// A worker that ends leaves the list of workers before it leaves its origin
/// (`logicalrep_worker_onexit`), and before the publisher has noticed and left the slot, so its
/// successor may come too early, and is started again.
const PEER_LOST: &str = "could not (receive data|send (data|end-of-streaming message)|connect to the publisher\
    |start WAL streaming|create replication slot|drop (the )?replication slot)\
    |could not connect to the publisher|connection to client lost|unexpected EOF\
    |server closed the connection|could not receive (data|timeline|list)\
    |could not fetch (table|replicated)|terminating logical replication worker due to timeout\
    |terminating walsender process due to replication timeout\
    |logical replication .* has (stopped|lost)|could not identify system\
    |replication origin with ID [0-9]+ is already active for PID\
    |replication slot .* is active for PID";

/// One kind of line that does not fail a test.
#[derive(Debug)]
pub(crate) struct Allowance {
    severity: Option<Severity>,
    text: String,
    pattern: Option<Regex>,
    from: usize,
    until: usize,
}

impl Allowance {
    /// Lines of any severity whose message or detail contains `pattern` or matches it.
    pub(crate) fn anywhere(pattern: &str) -> Self {
        let regex = Regex::new(pattern).ok();
        Self { severity: None, text: pattern.into(), pattern: regex, from: 0, until: usize::MAX }
    }

    /// `ERROR` lines whose message or detail contains `text`.
    pub(crate) fn error(text: &str) -> Self {
        let severity = Some(Severity::Error);
        Self { severity, text: text.into(), pattern: None, from: 0, until: usize::MAX }
    }

    /// The loss of a peer, at or after `from`.
    pub(crate) fn peer_lost(from: usize) -> Self {
        Self { from, ..Self::anywhere(PEER_LOST) }
    }

    /// Whoever came before a server that the kit has started was ready.
    pub(crate) fn too_early(from: usize) -> Self {
        Self { from, ..Self::anywhere(TOO_EARLY) }
    }

    /// What else the kit's own start causes.
    pub(crate) fn starting(from: usize, until: usize) -> Self {
        Self { from, until, ..Self::anywhere(STARTING) }
    }

    /// What the kit's own stop causes.
    pub(crate) fn stopping(from: usize, until: usize) -> Self {
        Self { from, until, ..Self::anywhere(STOPPING) }
    }

    /// Whatever was logged from one place to another.
    pub(crate) fn everything(from: usize, until: usize) -> Self {
        Self { from, until, ..Self::anywhere("") }
    }

    pub(crate) fn covers(&self, entry: &LogEntry) -> bool {
        let has = |text: &str| {
            text.contains(&self.text)
                || self.pattern.as_ref().is_some_and(|pattern| pattern.is_match(text))
        };
        (self.from..self.until).contains(&entry.offset)
            && self.severity.is_none_or(|severity| severity == entry.severity)
            && (has(&entry.message) || has(&entry.detail))
    }
}

/// Whether a worker that was no longer wanted was ended before it had said what it is. Later it would have
/// ended in silence (`logicalrep_worker_stop`, launcher.c).
fn is_early_end(entry: &LogEntry) -> bool {
    entry.backend.is_empty() && entry.sqlstate == "57P01"
}

/// The lines of trouble that nothing covers.
pub(crate) fn unexpected(entries: Vec<LogEntry>, allowances: &[Allowance]) -> Vec<LogEntry> {
    let is_expected = |entry: &LogEntry| {
        is_early_end(entry) || allowances.iter().any(|allowed| allowed.covers(entry))
    };
    entries.into_iter().filter(|entry| entry.severity.is_trouble() && !is_expected(entry)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::parse;

    const LOG: &str = "\
2026-01-01 00:00:00.000 UTC [1] [client backend] 22012 ERROR:  division by zero
2026-01-01 00:00:00.000 UTC [1] [client backend] 57P01 FATAL:  terminating connection due to \
administrator command
2026-01-01 00:00:00.000 UTC [1] [postmaster] 00000 LOG:  all is well
";

    #[test]
    fn trouble_is_unexpected_until_it_is_covered() {
        let messages = |allowances: &[Allowance]| {
            let left = unexpected(parse(LOG), allowances);
            left.into_iter().map(|entry| entry.severity).collect::<Vec<_>>()
        };
        assert_eq!(messages(&[]), [Severity::Error, Severity::Fatal]);
        assert_eq!(messages(&[Allowance::anywhere("by z.ro$")]), [Severity::Fatal]);
        assert_eq!(messages(&[Allowance::error("by zero")]), [Severity::Fatal]);
        assert_eq!(messages(&[Allowance::error("administrator")]).len(), 2);
        assert_eq!(messages(&[Allowance::stopping(10, usize::MAX)]), [Severity::Error]);
        assert_eq!(messages(&[Allowance::stopping(0, 10)]).len(), 2);
        let nameless = "2026-01-01 00:00:00.000 UTC [1] [] 57P01 FATAL:  terminating connection due to \
            administrator command\n";
        assert_eq!(unexpected(parse(nameless), &[]), []);
        let early = "2026-01-01 00:00:00.000 UTC [1] [walsender] 57P03 FATAL:  the database system is \
            starting up\n";
        let crashed = early.replace("starting up", "in recovery mode");
        for (log, left) in [(early, 0), (&crashed, 1)] {
            assert_eq!(unexpected(parse(log), &[Allowance::too_early(0)]).len(), left, "{log}");
        }
    }
}
