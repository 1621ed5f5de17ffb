//! Waiting until all nodes have applied everything and hold the same rows.

use std::time::{Duration, Instant};

use steep_testkit::tables_equal;
use steep_testkit::wait::{self, Observed};

use super::{Group, slot};
use crate::{DATABASE, Failure};

/// How long tests wait for replication: far more than it takes, even on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// What may still lead to writes after everything has been applied.
const UNPUBLISHED: &str = "select (select count(*) from steep_repl.pending_retractions), \
    (select count(*) from steep_repl.retractions)";

impl Group {
    /// Waits until all nodes have applied everything, and then checks that all replicated tables
    /// have the same rows everywhere.
    ///
    /// # Errors
    /// When an apply worker fails, when not everything is applied in time, or when rows differ;
    /// the report has the rows, the conflict logs and the server logs.
    pub fn converge(&self) -> Result<(), Failure> {
        self.converge_within(PATIENCE)
    }

    /// As [`converge`](Self::converge), with another deadline.
    ///
    /// # Errors
    /// As [`converge`](Self::converge).
    pub fn converge_within(&self, deadline: Duration) -> Result<(), Failure> {
        self.quiet_within(deadline)?;
        self.equal()
    }

    /// Waits until all nodes have applied everything, whatever rows they then hold.
    ///
    /// # Errors
    /// When an apply worker fails, or when not everything is applied in time.
    pub fn quiet_within(&self, deadline: Duration) -> Result<(), Failure> {
        let began = Instant::now();
        loop {
            let before = self.retractions(deadline)?;
            let mut marks = Vec::new();
            for name in self.names() {
                // Everything committed is to be sent, also what was committed asynchronously.
                let lsn = self.value(name, "select pg_current_wal_insert_lsn()")?;
                marks.push((name, lsn));
            }
            for (from, to) in self.pairs() {
                let lsn = marks.iter().find(|(name, _)| *name == from).map(|(_, lsn)| lsn.as_str());
                self.confirmed(from, to, lsn.unwrap_or_default(), deadline)?;
            }
            // A retraction is published after the transaction that decided it, and applied then.
            let after = self.retractions(deadline)?;
            if before == after && after.iter().all(|(_, pending, _)| pending == "0") {
                return Ok(());
            }
            if began.elapsed() > deadline {
                return Err(self.failed(format!("retractions do not come to rest: {after:?}")));
            }
        }
    }

    /// Waits until `to` has applied everything that `from` has written so far.
    ///
    /// # Errors
    /// When an apply worker fails, or when it takes too long.
    pub fn delivered(&self, from: &str, to: &str) -> Result<(), Failure> {
        let lsn = self.value(from, "select pg_current_wal_insert_lsn()")?;
        self.confirmed(from, to, &lsn, PATIENCE)
    }

    /// Checks that all replicated tables have the same rows everywhere, now.
    ///
    /// # Errors
    /// When rows differ.
    pub fn equal(&self) -> Result<(), Failure> {
        for table in self.tables() {
            tables_equal(&self.nodes(), DATABASE, &table).map_err(|error| self.failed(error))?;
        }
        Ok(())
    }

    fn confirmed(
        &self,
        from: &str,
        to: &str,
        lsn: &str,
        deadline: Duration,
    ) -> Result<(), Failure> {
        let sql = format!(
            "select confirmed_flush_lsn, confirmed_flush_lsn >= '{lsn}' \
             from pg_replication_slots where slot_name = '{}'",
            slot(to)
        );
        let what = format!("{lsn} of {from} applied and flushed on {to}");
        let waited = wait::until(deadline, what, || {
            if let Some(failure) = self.apply_trouble() {
                return Ok(Err(failure));
            }
            let rows = self.try_rows(from, &sql).map_err(Observed::new)?;
            match rows.first().map(Vec::as_slice) {
                Some([_, Some(done)]) if done == "t" => Ok(Ok(())),
                Some([Some(confirmed), _]) => Err(Observed::new(format!("{confirmed} confirmed"))),
                _ => Err(Observed::new("no such slot")),
            }
        });
        waited.unwrap_or_else(|error| Err(self.failed(error)))
    }

    /// For each node how many retractions it has yet to publish, and how many there are.
    fn retractions(&self, deadline: Duration) -> Result<Vec<(String, String, String)>, Failure> {
        let read = |name: &str| {
            wait::until(deadline, format!("an answer of {name}"), || {
                let rows = self.try_rows(name, UNPUBLISHED).map_err(Observed::new)?;
                let mut row = rows.into_iter().next().unwrap_or_default().into_iter().flatten();
                let (pending, all) = (row.next(), row.next());
                Ok((name.to_owned(), pending.unwrap_or_default(), all.unwrap_or_default()))
            })
        };
        let all: Result<_, _> = self.names().into_iter().map(read).collect();
        all.map_err(|error| self.failed(error))
    }
}
