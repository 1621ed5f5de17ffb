//! The subscriptions that deliver the writes of peers: `pg_subscription` and its statistics.

use tokio_postgres::Client;

use crate::time::rfc3339;
use crate::{PgError, Secret};

/// The subscription to one peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// The peer.
    pub peer: String,
    /// Its name.
    pub name: String,
    /// What the catalog has; none if there is no such subscription in this database.
    pub found: Option<Found>,
}

/// What the catalog and the statistics have of a subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its oid.
    pub oid: u32,
    /// Whether it is enabled.
    pub is_enabled: bool,
    /// Options that differ from what the guard needs, as `alter subscription … set` takes them
    /// to put them right: `streaming = off`.
    pub wrong_options: Vec<String>,
    /// The slot on the publisher.
    pub slot: Option<String>,
    /// Process id of the apply worker, while one runs.
    pub worker: Option<i32>,
    /// Up to where it has received, as `X/Y`.
    pub received_lsn: Option<String>,
    /// Up to where it has applied, as `X/Y`; none without the right to ask
    /// `pg_replication_origin_progress`.
    pub applied_lsn: Option<String>,
    /// The last position that it reported to the publisher, as `X/Y`.
    pub latest_end_lsn: Option<String>,
    /// When the publisher last said something: RFC 3339.
    pub last_message_at: Option<String>,
    /// Errors while applying, since the statistics were reset.
    pub apply_errors: u64,
    /// What PostgreSQL counts of conflicts (18 and later), by its names: `confl_insert_exists`.
    pub native_conflicts: Vec<(String, u64)>,
}

/// The subscriptions to all peers, by peer.
///
/// # Errors
/// When the query fails.
pub async fn list(client: &Client) -> Result<Vec<Subscription>, PgError> {
    // relid and leader_pid are null for the one apply worker that matters. The columns of the
    // statistics differ between majors, so they come as an object.
    let sql = format!(
        "select p.node_id, p.subscription::text, s.oid, s.subenabled,
           pg_catalog.array_remove(array[
             case when s.substream::text <> 'f' then 'streaming = off' end,
             case when s.subtwophasestate <> 'd' then 'two_phase = false' end,
             case when s.subdisableonerr then 'disable_on_error = false' end,
             case when s.suborigin <> 'none' then 'origin = none' end], null),
           s.subslotname::text, w.pid, w.received_lsn::text, w.latest_end_lsn::text, {},
           coalesce(c.apply_error_count, 0),
           pg_catalog.to_jsonb(c),
           case when pg_catalog.has_function_privilege(
               'pg_catalog.pg_replication_origin_progress(text, boolean)', 'execute')
             then (select pg_catalog.pg_replication_origin_progress(o.roname, false)::text
                   from pg_catalog.pg_replication_origin o where o.roname = 'pg_' || s.oid) end
         from steep_repl.peers p
         left join pg_catalog.pg_subscription s on s.subname = p.subscription
           and s.subdbid = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
         left join pg_catalog.pg_stat_subscription w
           on w.subid = s.oid and w.relid is null and w.leader_pid is null
         left join pg_catalog.pg_stat_subscription_stats c on c.subid = s.oid
         order by p.node_id",
        rfc3339("w.last_msg_receipt_time")
    );
    let rows = client.query(&sql, &[]).await?;
    rows.iter().map(subscription).collect()
}

fn subscription(row: &tokio_postgres::Row) -> Result<Subscription, PgError> {
    let found = match row.try_get::<_, Option<u32>>(2)? {
        None => None,
        Some(oid) => Some(Found {
            oid,
            is_enabled: row.try_get(3)?,
            wrong_options: row.try_get(4)?,
            slot: row.try_get(5)?,
            worker: row.try_get(6)?,
            received_lsn: row.try_get(7)?,
            applied_lsn: row.try_get(12)?,
            latest_end_lsn: row.try_get(8)?,
            last_message_at: row.try_get(9)?,
            apply_errors: u64::try_from(row.try_get::<_, i64>(10)?).unwrap_or(0),
            native_conflicts: native(row.try_get(11)?),
        }),
    };
    Ok(Subscription { peer: row.try_get(0)?, name: row.try_get(1)?, found })
}

/// How the subscription to a peer connects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// The peer.
    pub peer: String,
    /// Host of its PostgreSQL, as `steep_repl.nodes` has it.
    pub host: String,
    /// TCP port of that.
    pub port: u16,
    /// Name of the subscription.
    pub name: String,
    /// Its connection string, which has a password.
    pub conninfo: Secret,
}

/// How the subscriptions to the peers connect, by peer; none while this node joins or leaves, and of
/// peers that do.
///
/// # Errors
/// When the query fails; only a superuser may see the passwords.
pub async fn ways(client: &Client) -> Result<Vec<Way>, PgError> {
    let sql = "select n.node_id, n.host, n.port, s.subname::text, s.subconninfo
         from steep_repl.local_node l
         join steep_repl.nodes o on o.node_id = l.node_id
           and o.status not in ('joining', 'catching_up', 'leaving', 'removed')
         cross join steep_repl.peers p
         join steep_repl.nodes n on n.node_id = p.node_id
           and n.status not in ('joining', 'catching_up', 'leaving', 'removed')
         join pg_catalog.pg_subscription s on s.subname = p.subscription
           and s.subdbid = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
         order by n.node_id";
    let rows = client.query(sql, &[]).await?;
    let way = |row: &tokio_postgres::Row| {
        let port: i32 = row.try_get(2)?;
        Ok(Way {
            peer: row.try_get(0)?,
            host: row.try_get(1)?,
            port: u16::try_from(port)
                .map_err(|_| PgError::Answer(format!("{port} is not a TCP port")))?,
            name: row.try_get(3)?,
            conninfo: Secret::new(row.try_get::<_, String>(4)?),
        })
    };
    rows.iter().map(way).collect()
}

fn native(statistics: Option<serde_json::Value>) -> Vec<(String, u64)> {
    let Some(serde_json::Value::Object(columns)) = statistics else { return Vec::new() };
    let conflict = |(name, value): (String, serde_json::Value)| {
        name.starts_with("confl_").then(|| Some((name, value.as_u64()?))).flatten()
    };
    columns.into_iter().filter_map(conflict).collect()
}

/// Enables or disables the subscription to a peer; false if there is no such peer.
///
/// # Errors
/// When the statement fails: the role does not own the subscription.
pub async fn set_enabled(client: &Client, peer: &str, enabled: bool) -> Result<bool, PgError> {
    let sql = "select pg_catalog.format('alter subscription %I %s', p.subscription,
          case when $2 then 'enable' else 'disable' end)
        from steep_repl.peers p where p.node_id = $1";
    let Some(row) = client.query_opt(sql, &[&peer, &enabled]).await? else { return Ok(false) };
    client.batch_execute(row.try_get(0)?).await?;
    Ok(true)
}

/// Puts the options of a peer's subscription right, as [`Found::wrong_options`] names them.
///
/// # Errors
/// When the statement fails: `two_phase` cannot be altered while the subscription is enabled.
pub async fn set_options(client: &Client, name: &str, options: &[String]) -> Result<(), PgError> {
    let quoted = name.replace('"', "\"\"");
    let sql = format!("alter subscription \"{quoted}\" set ({})", options.join(", "));
    Ok(client.batch_execute(&sql).await?)
}

/// An error in the server's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedError {
    /// The server's words; they may quote a row.
    pub text: String,
    /// The table that was changed, `schema.table` without quotes, as the worker's context has it.
    pub table: Option<String>,
    /// The log's file, and how many bytes from its beginning. The next error has another place, also
    /// if it says the same.
    pub place: (String, i64),
}

/// The newest error of a subscription's apply worker, from the end of the server's own log file.
///
/// PostgreSQL keeps no error text in a catalog. It is found only where the server collects its log
/// (`logging_collector`) in text form and the role may read it; none otherwise, or if the log's end
/// has none. The worker's context names its origin, `pg_<oid>`, whatever the line prefix is; only
/// errors of changes have one (`apply_error_callback`), the loss of a connection does not.
///
/// # Errors
/// When the connection is lost; a log that cannot be read is no error.
pub async fn last_error_in_log(client: &Client, oid: u32) -> Result<Option<LoggedError>, PgError> {
    let sql = "with log (path) as (
          select pg_catalog.current_setting('data_directory') || '/' || f.f
          from pg_catalog.pg_current_logfile('stderr') f (f) where f.f !~ '^/')
        select pg_catalog.pg_read_file(l.path, greatest(0, s.size - 65536), 65536, true),
          l.path, greatest(0, s.size - 65536)
        from log l, pg_catalog.pg_stat_file(l.path, true) s";
    let row = match client.query_opt(sql, &[]).await.map_err(PgError::from) {
        Ok(row) => row,
        Err(PgError::Server(error)) => {
            tracing::debug!(%error, "the server's log cannot be read");
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let Some(row) = row else { return Ok(None) };
    let Some(tail) = row.try_get::<_, Option<String>>(0)? else { return Ok(None) };
    let (file, start): (String, i64) = (row.try_get(1)?, row.try_get(2)?);
    let found = error_of_origin(&tail, &format!("replication origin \"pg_{oid}\""));
    Ok(found.map(|InLog { at, text, table }| {
        let at = start.saturating_add(i64::try_from(at).unwrap_or(i64::MAX));
        LoggedError { text, table, place: (file, at) }
    }))
}

/// An error as the text of a log has it.
#[derive(Debug, PartialEq, Eq)]
struct InLog {
    /// Where its context begins.
    at: usize,
    text: String,
    table: Option<String>,
}

fn error_of_origin(log: &str, origin: &str) -> Option<InLog> {
    let found = log.rfind(origin)?;
    let at = log.get(..found)?.rfind('\n')?;
    let error = log.get(..at)?.lines().rfind(|line| line.contains("ERROR:"))?;
    let (_, message) = error.split_once("ERROR:")?;
    let table = table_of(log.get(found..)?.lines().next().unwrap_or_default());
    Some(InLog { at, text: message.trim().to_owned(), table })
}

/// The table in a context of `apply_error_callback` (worker.c): it stands in quotes, and is not escaped.
fn table_of(context: &str) -> Option<String> {
    let (_, rest) = context.split_once("for replication target relation \"")?;
    let ends = ["\" in transaction ", "\" column \""];
    let end = ends.iter().filter_map(|end| rest.find(end)).min();
    let end = end.or_else(|| rest.rfind('"'))?;
    rest.get(..end).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_error_of_the_right_worker_is_found() {
        let log = "\
2026-01-01 [1] ERROR:  duplicate key value\n\
2026-01-01 [1] DETAIL:  Key (id)=(1) exists.\n\
2026-01-01 [1] CONTEXT:  processing remote data for replication origin \"pg_16400\" \
during message type \"INSERT\" for replication target relation \"public.o\"dd\" in transaction 7, \
finished at 0/1\n\
2026-01-01 [2] ERROR:  relation \"x\" does not exist\n\
2026-01-01 [2] CONTEXT:  processing remote data for replication origin \"pg_16401\" during INSERT\n";
        let of = |oid| error_of_origin(log, &format!("replication origin \"pg_{oid}\""));
        let text = |oid| of(oid).map(|found| found.text);
        assert_eq!(text(16400).as_deref(), Some("duplicate key value"));
        assert_eq!(text(16401).as_deref(), Some("relation \"x\" does not exist"));
        assert_eq!(text(16402), None);
        let table = |oid| of(oid).and_then(|found| found.table);
        assert_eq!(table(16400).as_deref(), Some("public.o\"dd"));
        assert_eq!(table(16401), None);
    }

    #[test]
    fn the_same_error_later_has_another_place() {
        let error = "[1] ERROR:  no\n[1] CONTEXT:  of replication origin \"pg_1\"\n";
        let of = |log: &str| error_of_origin(log, "replication origin \"pg_1\"");
        let (once, twice) = (of(error), of(&error.repeat(2)));
        assert!(once.is_some() && twice.is_some() && once != twice, "{once:?} {twice:?}");
        let with_more = format!("{error}[2] ERROR:  could not receive data\n");
        assert_eq!(of(&with_more), once);
    }
}
