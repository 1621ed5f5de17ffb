//! What the nodes say when something went wrong.

use std::fmt;
use std::fmt::Write as _;

use steep_testkit::{LogEntry, Severity, tables_equal};

use super::Group;
use crate::{DATABASE, Failure};

/// Enough to see what happened last, short enough to be read.
const LOG_ENTRIES: usize = 6;

const CONFLICTS: &str = "select * from (select id, format('%s.%s %s %s %s %s: %s (%s, %s) <- %s \
    (%s, %s) %s', table_schema, table_name, conflict_type, pg_conflict, resolution, strategy, \
    local_tuple, local_origin, local_xact_ts, remote_tuple, remote_origin, remote_xact_ts, note) \
    from steep_repl.conflict_log order by id desc limit 20) c order by id";

const STATE: &str = "select format('%s (worker %s, enabled %s)', s.subname, w.pid, s.subenabled) \
    from pg_subscription s left join pg_stat_subscription w \
    on w.subid = s.oid and w.relid is null \
    union all select format('slot %s active %s confirmed %s of %s', slot_name, active, \
    confirmed_flush_lsn, pg_current_wal_lsn()) from pg_replication_slots \
    union all select format('%s tombstones, %s retractions, %s to be published', \
    (select count(*) from steep_repl.tombstones), (select count(*) from steep_repl.retractions), \
    (select count(*) from steep_repl.pending_retractions))";

impl Group {
    /// A failure, with everything that the nodes say; their logs are not checked any more.
    #[must_use]
    pub fn failed(&self, what: impl fmt::Display) -> Failure {
        let mut report = what.to_string();
        // Writing to a string cannot fail.
        for table in self.tables() {
            if let Err(difference) = tables_equal(&self.nodes(), DATABASE, &table) {
                let _ = write!(report, "\n{difference}");
            }
        }
        for node in self.nodes() {
            let _ = write!(report, "\nnode {}:", node.name());
            for sql in [STATE, CONFLICTS] {
                match self.try_rows(node.name(), sql) {
                    Ok(rows) => rows.iter().for_each(|row| {
                        let line: Vec<_> = row.iter().flatten().map(String::as_str).collect();
                        let _ = write!(report, "\n  {}", line.join(" "));
                    }),
                    Err(error) => {
                        let _ = write!(report, "\n  {error}");
                    }
                }
            }
            let unexpected = node.unexpected_log();
            for entry in &unexpected[unexpected.len().saturating_sub(LOG_ENTRIES)..] {
                let _ = write!(report, "\n  log: {entry}");
            }
            node.expect_log("");
        }
        Failure::new(report)
    }

    /// The failure that an unexpected error of an apply worker is: no use in waiting on.
    pub(crate) fn apply_trouble(&self) -> Option<Failure> {
        let is_trouble = |entry: &LogEntry| {
            entry.severity == Severity::Panic
                || (entry.severity.is_trouble() && entry.backend.starts_with("logical replication"))
        };
        let node =
            self.nodes().into_iter().find(|node| node.unexpected_log().iter().any(is_trouble))?;
        Some(self.failed(format!("an apply worker of {} failed", node.name())))
    }
}
