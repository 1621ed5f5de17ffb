//! The slots that peers hold on this server: `pg_replication_slots`.

use tokio_postgres::Client;

use crate::PgError;

/// What the names of the slots of peers begin with.
pub const PREFIX: &str = "steep_repl_";

/// Changes that are read to see whether a slot can be read from: those that the peer has and has not
/// confirmed yet come first.
const PEEKED: i32 = 1000;

/// Whether a slot may stand before a time in which the publication `steep_repl` did not exist: nobody
/// reads from it, and the publication is not older than all that is yet to be decoded.
///
/// # Errors
/// When the query fails.
pub async fn may_be_blocked(client: &Client, slot: &str) -> Result<bool, PgError> {
    // From 18 on pgoutput leaves out a publication that does not exist.
    let sql = "select not s.active and pg_catalog.age(p.xmin) <= pg_catalog.age(s.catalog_xmin)
            and pg_catalog.current_setting('server_version_num')::integer < 180000
        from pg_catalog.pg_replication_slots s, pg_catalog.pg_publication p
        where s.slot_name = $1 and s.database = pg_catalog.current_database()
          and p.pubname = 'steep_repl'";
    let row = client.query_opt(sql, &[&slot]).await?;
    Ok(row.map(|row| row.try_get::<_, Option<bool>>(0)).transpose()?.flatten().unwrap_or(false))
}

/// Whether it does: pgoutput of 16 and 17 fails on every change of that time, so that nobody can read
/// past it. None while somebody reads from the slot.
///
/// # Errors
/// When the query fails otherwise; it decodes, which takes as long as it may.
pub async fn is_blocked(client: &Client, slot: &str) -> Result<Option<bool>, PgError> {
    let sql = "select pg_catalog.count(*) from pg_catalog.pg_logical_slot_peek_binary_changes(
        $1::text::name, null, $2, 'proto_version', '1', 'publication_names', 'steep_repl')";
    match client.query_one(sql, &[&slot, &PEEKED]).await.map_err(PgError::from) {
        Ok(_) => Ok(Some(false)),
        Err(error) if error.code() == Some("42704") => Ok(Some(true)),
        Err(error) if error.code() == Some("55006") => Ok(None),
        Err(error) => Err(error),
    }
}

/// A logical slot of this database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Its name.
    pub name: String,
    /// Whether somebody is connected.
    pub is_active: bool,
    /// WAL that is kept for it, in bytes.
    pub retained_bytes: u64,
    /// WAL written and not yet confirmed, in bytes.
    pub lag_bytes: u64,
    /// `reserved`, `extended`, `unreserved` or `lost`.
    pub wal_status: String,
    /// WAL that can still be written before it is lost; none without `max_slot_wal_keep_size`.
    pub safe_bytes: Option<i64>,
    /// Why it is lost (17 and later).
    pub invalidation_reason: Option<String>,
}

/// The logical slots of this database that pgoutput reads, temporary ones left out, by name.
///
/// # Errors
/// When the query fails.
pub async fn list(client: &Client) -> Result<Vec<Slot>, PgError> {
    let sql = "with here (lsn) as (
          select case when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_last_wal_replay_lsn()
            else pg_catalog.pg_current_wal_lsn() end)
        select s.slot_name::text, s.active,
          greatest(0, coalesce(h.lsn - s.restart_lsn, 0))::bigint,
          greatest(0, coalesce(h.lsn - s.confirmed_flush_lsn, 0))::bigint,
          coalesce(s.wal_status, 'lost'), s.safe_wal_size,
          pg_catalog.to_jsonb(s) ->> 'invalidation_reason'
        from pg_catalog.pg_replication_slots s, here h
        where s.slot_type = 'logical' and s.plugin = 'pgoutput' and not s.temporary
          and s.database = pg_catalog.current_database()
        order by s.slot_name";
    let rows = client.query(sql, &[]).await?;
    let bytes = |n: i64| u64::try_from(n).unwrap_or(0);
    let slot = |row: &tokio_postgres::Row| {
        Ok(Slot {
            name: row.try_get(0)?,
            is_active: row.try_get(1)?,
            retained_bytes: bytes(row.try_get(2)?),
            lag_bytes: bytes(row.try_get(3)?),
            wal_status: row.try_get(4)?,
            safe_bytes: row.try_get(5)?,
            invalidation_reason: row.try_get(6)?,
        })
    };
    rows.iter().map(slot).collect()
}
