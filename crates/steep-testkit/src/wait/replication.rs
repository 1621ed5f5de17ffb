//! Waiting for native logical replication.

use std::time::Duration;

use postgres::types::PgLsn;

use super::rows::Watcher;
use super::{Observed, WaitError, until};
use crate::cluster::{ClusterError, PgCluster};

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Waits until the slot's consumer has confirmed everything up to `lsn` (`confirmed_flush_lsn`).
///
/// # Errors
/// When it has not at the deadline, or the slot does not exist.
pub fn slot_confirmed(
    publisher: &PgCluster,
    slot: &str,
    lsn: PgLsn,
    deadline: Duration,
) -> Result<(), WaitError> {
    let mut watcher = Watcher::new(publisher, "postgres");
    let sql = format!(
        "select confirmed_flush_lsn from pg_catalog.pg_replication_slots where slot_name = {}",
        literal(slot)
    );
    let what = format!("{lsn} confirmed by slot {slot} of {}", publisher.name());
    until(deadline, what, || {
        let rows = watcher.rows(&sql)?;
        let row = rows.first().ok_or_else(|| Observed::new("no such slot"))?;
        let confirmed = row.first().and_then(Option::as_ref);
        let confirmed = confirmed.ok_or_else(|| Observed::new("nothing confirmed yet"))?;
        match confirmed.parse::<PgLsn>() {
            Ok(confirmed) if confirmed >= lsn => Ok(()),
            _ => Err(Observed::new(format!("{confirmed} confirmed"))),
        }
    })
}

/// Waits until no process uses the slot.
///
/// # Errors
/// When one does at the deadline, or the slot does not exist.
pub fn slot_inactive(
    publisher: &PgCluster,
    slot: &str,
    deadline: Duration,
) -> Result<(), WaitError> {
    let sql = format!(
        "select active from pg_catalog.pg_replication_slots where slot_name = {}",
        literal(slot)
    );
    super::query_returns(publisher, "postgres", &sql, "f", deadline)
}

/// Waits until every table of the subscription is copied (`srsubstate` `r`) and its apply worker
/// runs.
///
/// # Errors
/// When that is not so at the deadline, or the subscription does not exist.
pub fn subscription_ready(
    subscriber: &PgCluster,
    database: &str,
    subscription: &str,
    deadline: Duration,
) -> Result<(), WaitError> {
    let mut watcher = Watcher::new(subscriber, database);
    let sql = format!(
        "select (select count(*) from pg_catalog.pg_subscription_rel r \
                 where r.srsubid = s.oid and r.srsubstate <> 'r'), \
                (select count(*) from pg_catalog.pg_stat_subscription w \
                 where w.subid = s.oid and w.relid is null and w.pid is not null) \
         from pg_catalog.pg_subscription s \
         where s.subname = {} and s.subdbid = (select oid from pg_catalog.pg_database \
                                               where datname = pg_catalog.current_database())",
        literal(subscription)
    );
    let what = format!("subscription {subscription} of {} ready", subscriber.name());
    until(deadline, what, || match watcher.rows(&sql)?.first().map(Vec::as_slice) {
        Some([Some(copying), Some(workers)]) if copying == "0" && workers != "0" => Ok(()),
        Some([Some(copying), Some(workers)]) => {
            Err(Observed::new(format!("{copying} tables not ready, {workers} apply workers")))
        }
        _ => Err(Observed::new("no such subscription")),
    })
}

/// Waits until the subscription of this name, whose slot has the same name, has confirmed all that
/// is in the publisher's WAL now.
///
/// # Errors
/// When it has not at the deadline, or the publisher cannot be reached.
pub fn subscription_caught_up(
    publisher: &PgCluster,
    subscription: &str,
    deadline: Duration,
) -> Result<(), WaitError> {
    let unreachable = |error: ClusterError| WaitError {
        what: format!("the WAL position of {}", publisher.name()),
        deadline,
        observed: error.to_string(),
    };
    let lsn = publisher.wal_lsn().map_err(unreachable)?;
    slot_confirmed(publisher, subscription, lsn, deadline)
}
