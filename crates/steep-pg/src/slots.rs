//! The slots that peers hold on this server: `pg_replication_slots`.

use tokio_postgres::Client;

use crate::PgError;

/// What the names of the slots of peers begin with.
pub const PREFIX: &str = "steep_repl_";

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
