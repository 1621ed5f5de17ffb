//! Reading the conflict log.

use tokio_postgres::Client;
use tokio_postgres::types::ToSql;

use crate::PgError;
use crate::time::rfc3339;

/// Decided, or not yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// Waits for a person.
    Pending,
    /// Decided, by a strategy or a person.
    Resolved,
}

/// Which conflicts; all of them by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Decided, or not yet.
    pub state: Option<State>,
    /// A table: `orders` or `public.orders`, as SQL writes it.
    pub table: Option<String>,
    /// `conflict_type`.
    pub conflict_type: Option<String>,
    /// Transaction id at the remote node.
    pub origin_xid: Option<i64>,
    /// Detected at or after: a timestamp as PostgreSQL reads it.
    pub since: Option<String>,
    /// Detected before: a timestamp as PostgreSQL reads it.
    pub until: Option<String>,
    /// Ids below this one.
    pub before_id: Option<i64>,
    /// At most so many.
    pub limit: u16,
}

/// A line of the conflict log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// Id on this node.
    pub id: i64,
    /// When this node met it: RFC 3339.
    pub detected_at: String,
    /// Qualified table, quoted where needed.
    pub table: String,
    /// `conflict_type`.
    pub conflict_type: String,
    /// Key of the row, as JSON text.
    pub key: String,
    /// Node of the local version.
    pub local_node: Option<String>,
    /// Node of the remote version.
    pub remote_node: Option<String>,
    /// Strategy.
    pub strategy: Option<String>,
    /// `resolution`.
    pub resolution: Option<String>,
}

fn columns() -> String {
    format!(
        "c.id, {}, pg_catalog.format('%I.%I', c.table_schema, c.table_name), c.conflict_type,
         coalesce(c.row_key::text, '{{}}'), c.local_origin, c.remote_origin, c.strategy, c.resolution",
        rfc3339("c.detected_at")
    )
}

fn conflict(row: &tokio_postgres::Row) -> Result<Conflict, PgError> {
    Ok(Conflict {
        id: row.try_get(0)?,
        detected_at: row.try_get(1)?,
        table: row.try_get(2)?,
        conflict_type: row.try_get(3)?,
        key: row.try_get(4)?,
        local_node: row.try_get(5)?,
        remote_node: row.try_get(6)?,
        strategy: row.try_get(7)?,
        resolution: row.try_get(8)?,
    })
}

/// The conflicts that a filter selects, newest first.
///
/// # Errors
/// When the query fails: a time or a table's name that PostgreSQL cannot read.
pub async fn list(client: &Client, filter: &Filter) -> Result<Vec<Conflict>, PgError> {
    let state = filter.state.map(|state| match state {
        State::Pending => "PENDING",
        State::Resolved => "RESOLVED",
    });
    let sql = format!(
        "select {} from steep_repl.conflict_log c
         where ($1::text is null or (coalesce(c.resolution, 'PENDING') = 'PENDING') = ($1 = 'PENDING'))
           and ($2::text is null or array[c.table_schema, c.table_name] = pg_catalog.parse_ident($2)
             or array[c.table_name] = pg_catalog.parse_ident($2))
           and ($3::text is null or c.conflict_type = pg_catalog.upper($3))
           and ($4::bigint is null or c.origin_xid = $4)
           and ($5::text is null or c.detected_at >= $5::timestamptz)
           and ($6::text is null or c.detected_at < $6::timestamptz)
           and ($7::bigint is null or c.id < $7)
         order by c.id desc limit $8",
        columns()
    );
    let limit = i64::from(filter.limit.clamp(1, 1000));
    let parameters: [&(dyn ToSql + Sync); 8] = [
        &state,
        &filter.table,
        &filter.conflict_type,
        &filter.origin_xid,
        &filter.since,
        &filter.until,
        &filter.before_id,
        &limit,
    ];
    client.query(&sql, &parameters).await?.iter().map(conflict).collect()
}

/// One conflict: its line, and its row of the log as a JSON object; none if there is none.
///
/// # Errors
/// When the query fails.
pub async fn show(client: &Client, id: i64) -> Result<Option<(Conflict, String)>, PgError> {
    let sql = format!(
        "select {}, pg_catalog.to_jsonb(c)::text from steep_repl.conflict_log c where c.id = $1",
        columns()
    );
    let row = client.query_opt(&sql, &[&id]).await?;
    row.map(|row| Ok((conflict(&row)?, row.try_get(9)?))).transpose()
}
