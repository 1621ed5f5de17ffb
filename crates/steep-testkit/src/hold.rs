//! Holding something up at a place that the test chooses.

use std::time::Duration;

use postgres::Client;

use crate::cluster::{ClusterError, PgCluster};
use crate::wait::{self, Observed, WaitError};

/// Whoever is to be held up may have a long way to go there, such as a node that joins.
const PATIENCE: Duration = Duration::from_secs(120);

/// A lock; whoever runs into it stays there until this is dropped.
pub struct Hold {
    /// Its session ends with it, and the lock with the session.
    _holder: Client,
    looker: Client,
    pid: i32,
}

impl std::fmt::Debug for Hold {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hold").field("pid", &self.pid).finish_non_exhaustive()
    }
}

impl Hold {
    /// Takes the lock that the statements take: `begin; lock table t`, `select pg_advisory_lock(1)`.
    ///
    /// # Errors
    /// When the server cannot be reached or a statement fails.
    pub fn take(cluster: &PgCluster, database: &str, sql: &str) -> Result<Self, ClusterError> {
        let failed = |source| cluster.sql_error(database, source);
        let (mut holder, looker) = (cluster.try_client(database)?, cluster.try_client(database)?);
        holder.batch_execute(sql).map_err(failed)?;
        let pid =
            holder.query_one("select pg_catalog.pg_backend_pid()", &[]).map_err(failed)?.get(0);
        Ok(Self { _holder: holder, looker, pid })
    }

    /// Waits until this many sessions are held up, each directly or behind another one.
    ///
    /// # Errors
    /// When that is not so at the deadline.
    pub fn waited_for_by(&mut self, count: usize) -> Result<(), WaitError> {
        // `pg_blocking_pids` names whoever stands before one in the queue as well.
        let sql = "with recursive held (pid) as (
              select $1::integer
              union select a.pid from held h join pg_catalog.pg_stat_activity a
                on h.pid = any (pg_catalog.pg_blocking_pids(a.pid)))
            select count(*) - 1 from held";
        let (looker, pid) = (&mut self.looker, self.pid);
        wait::until(PATIENCE, format!("{count} sessions that a lock holds up"), || {
            let held: i64 = looker.query_one(sql, &[&pid])?.get(0);
            if usize::try_from(held) == Ok(count) { Ok(()) } else { Err(Observed::new(held)) }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Major;

    #[test]
    fn those_behind_others_are_counted_and_let_go() -> Result<(), Box<dyn std::error::Error>> {
        let cluster = PgCluster::builder(Major::V18).start()?;
        cluster.execute("postgres", "create table t (id int)")?;
        let mut hold = Hold::take(&cluster, "postgres", "begin; lock table t in share mode")?;
        hold.waited_for_by(0)?;
        std::thread::scope(|scope| {
            let write = || cluster.execute("postgres", "begin; lock table t; commit").is_ok();
            let one = scope.spawn(write);
            hold.waited_for_by(1)?;
            let other = scope.spawn(write);
            hold.waited_for_by(2)?;
            drop(hold);
            assert!(one.join().is_ok_and(|done| done) && other.join().is_ok_and(|done| done));
            Ok::<_, WaitError>(())
        })?;
        Ok(())
    }
}
