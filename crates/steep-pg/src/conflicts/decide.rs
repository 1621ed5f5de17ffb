//! A person's decisions, through the extension's own functions.

use tokio_postgres::Client;
use tokio_postgres::types::ToSql;

use crate::PgError;

/// A decision about one pending conflict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The conflict.
    pub id: i64,
    /// `local`, `remote` or `merged`.
    pub choice: String,
    /// For `merged`: the row, as JSON text.
    pub merged: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Decide although the row has changed since.
    pub force: bool,
}

/// What a decision would do to one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// `INSERT`, `UPDATE`, `DELETE`, `RETRACT` or `NONE`.
    pub action: String,
    /// Qualified table, quoted where needed.
    pub table: String,
    /// Key of the row, as JSON text.
    pub key: String,
    /// The row now, as JSON text.
    pub present: Option<String>,
    /// The row then, as JSON text.
    pub result: Option<String>,
}

/// A decision about all pending conflicts that pass a filter; it needs at least one part of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bulk {
    /// `local` or `remote`.
    pub choice: String,
    /// Transaction id at the remote node.
    pub origin_xid: Option<i64>,
    /// A table: `orders` or `public.orders`, as SQL writes it.
    pub table: Option<String>,
    /// Detected at or after: a timestamp as PostgreSQL reads it.
    pub since: Option<String>,
    /// Detected at or before: a timestamp as PostgreSQL reads it.
    pub until: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// What a decision would do; changes nothing.
///
/// # Errors
/// When the conflict does not exist or cannot be decided so.
pub async fn preview(
    client: &Client,
    id: i64,
    choice: &str,
    merged: Option<&str>,
) -> Result<Vec<Preview>, PgError> {
    let sql = "select p.action, pg_catalog.format('%I.%I', p.table_schema, p.table_name),
          p.row_key::text, p.present::text, p.result::text
        from steep_repl.preview_resolution($1, $2, $3::text::jsonb) p";
    let rows = client.query(sql, &[&id, &choice, &merged]).await?;
    let step = |row: &tokio_postgres::Row| {
        Ok(Preview {
            action: row.try_get(0)?,
            table: row.try_get(1)?,
            key: row.try_get(2)?,
            present: row.try_get(3)?,
            result: row.try_get(4)?,
        })
    };
    rows.iter().map(step).collect()
}

/// Decides one pending conflict, for all nodes.
///
/// # Errors
/// When it does not exist, is not pending, or its row has changed since.
pub async fn resolve(client: &Client, decision: &Decision) -> Result<(), PgError> {
    let sql = "select steep_repl.resolve_conflict($1, $2, $3::text::jsonb, $4, false, $5)";
    let parameters: [&(dyn ToSql + Sync); 5] =
        [&decision.id, &decision.choice, &decision.merged, &decision.reason, &decision.force];
    client.query_one(sql, &parameters).await?;
    Ok(())
}

/// Decides all pending conflicts that pass the filter, or none; how many.
///
/// # Errors
/// When there is no filter, or one of the conflicts cannot be decided so.
pub async fn resolve_bulk(client: &Client, bulk: &Bulk) -> Result<u64, PgError> {
    in_bulk(client, bulk, false).await
}

/// How many [`resolve_bulk`] would decide; changes nothing.
///
/// # Errors
/// As [`resolve_bulk`].
pub async fn would_resolve_bulk(client: &Client, bulk: &Bulk) -> Result<u64, PgError> {
    in_bulk(client, bulk, true).await
}

async fn in_bulk(client: &Client, bulk: &Bulk, dry_run: bool) -> Result<u64, PgError> {
    let sql = "select steep_repl.resolve_conflicts_bulk(
        $1, $2, $3, $4::text::timestamptz, $5::text::timestamptz, $6, $7)";
    let parameters: [&(dyn ToSql + Sync); 7] = [
        &bulk.choice,
        &bulk.origin_xid,
        &bulk.table,
        &bulk.since,
        &bulk.until,
        &dry_run,
        &bulk.reason,
    ];
    let count: i32 = client.query_one(sql, &parameters).await?.try_get(0)?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// Takes the decision about a conflict back: the losing row is written again.
///
/// # Errors
/// When it is pending, was reverted already, or its row has changed since.
pub async fn revert(
    client: &Client,
    id: i64,
    reason: Option<&str>,
    dry_run: bool,
) -> Result<(), PgError> {
    let sql = "select steep_repl.revert_resolution($1, coalesce($2, 'Manual revert'), false, $3)";
    client.query_one(sql, &[&id, &reason, &dry_run]).await?;
    Ok(())
}
