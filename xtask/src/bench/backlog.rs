//! Writing much while nobody applies it, and measuring how it is applied.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::arm::Arm;
use super::pair::Pair;
use super::sample::Sample;
use super::session::Session;
use crate::platform;

/// Between two looks: a thousandth of what is measured. A look costs a tenth of that.
const POLL: Duration = Duration::from_millis(2);

/// Between two looks into the server logs, which are read as a whole.
const LOG_POLL: Duration = Duration::from_secs(1);

/// For a machine a hundred times slower than those we know.
const DEADLINE: Duration = Duration::from_secs(600);

impl Pair {
    /// Lets `a` write while the arm's subscription is disabled, and measures what `b` then takes
    /// to apply it: from the moment its apply worker is there until the last transaction has
    /// committed.
    pub(super) fn apply_backlog(
        &mut self,
        arm: Arm,
        write: impl FnOnce(&mut Session) -> Result<()>,
    ) -> Result<Sample> {
        self.disable(arm)?;
        write(&mut self.a)?;
        self.measure_backlog(arm)
    }

    /// As [`apply_backlog`](Self::apply_backlog), for what has been written already.
    pub(super) fn measure_backlog(&mut self, arm: Arm) -> Result<Sample> {
        let end = self.write_mark(arm)?;
        // Its walsender would decode what is measured along with it, for nothing.
        self.wait_until_past(arm.other(), DEADLINE)?;
        self.checkpoint()?;
        self.b.run(&format!("alter subscription {} enable", arm.subscription()))?;
        let worker = self.wait_for_worker(arm)?;
        let began = Instant::now();
        self.wait_until_applied(arm, &end)?;
        let wall = began.elapsed().as_secs_f64();
        Ok(Sample { wall, cpu: platform::cpu_seconds(worker) })
    }

    /// Ends what has been written with a change of the mark, and returns an LSN that only the
    /// transactions before it lie below.
    pub(super) fn write_mark(&mut self, arm: Arm) -> Result<String> {
        self.a.value(&format!(
            "begin; update {} set round = round + 1; select pg_current_wal_insert_lsn(); commit",
            arm.mark()
        ))
    }

    /// The process id of the arm's apply worker, as soon as there is one.
    pub(super) fn wait_for_worker(&mut self, arm: Arm) -> Result<u32> {
        let sql = format!(
            "select pid from pg_stat_subscription \
             where subname = '{}' and pid is not null and relid is null",
            arm.subscription()
        );
        let what = format!("subscription {} did not start", arm.subscription());
        let pid = self.wait(&what, |b| b.look(&sql))?;
        pid.parse().with_context(|| format!("{pid:?} is no process id"))
    }

    /// Waits until the worker has committed everything up to `lsn`. The replication origin's
    /// progress changes at the very commit; what the worker tells its publisher comes later.
    pub(super) fn wait_until_applied(&mut self, arm: Arm, lsn: &str) -> Result<()> {
        let origin = self.b.value(&format!(
            "select 'pg_' || oid from pg_subscription where subname = '{}'",
            arm.subscription()
        ))?;
        let sql = format!(
            "select 'applied' where pg_replication_origin_progress('{origin}', false) >= '{lsn}'"
        );
        let what = format!("subscription {} did not apply all up to {lsn}", arm.subscription());
        self.wait(&what, |b| b.look(&sql)).map(drop)
    }

    fn wait(
        &mut self,
        what: &str,
        mut look: impl FnMut(&mut Session) -> Result<Option<String>>,
    ) -> Result<String> {
        let began = Instant::now();
        let mut log_read = began;
        loop {
            if let Some(seen) = look(&mut self.b)? {
                return Ok(seen);
            }
            if log_read.elapsed() > LOG_POLL {
                self.require_no_trouble().with_context(|| what.to_owned())?;
                log_read = Instant::now();
            }
            if began.elapsed() > DEADLINE {
                bail!("{what} within {DEADLINE:?}; run fewer --rows on a machine that is so slow");
            }
            thread::sleep(POLL);
        }
    }
}
