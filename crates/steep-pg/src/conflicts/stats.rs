//! Counting conflicts.

use tokio_postgres::Client;

use crate::PgError;

/// Conflicts of one kind that one subscription has brought, those that retention removed included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kind {
    /// The subscription.
    pub subscription: String,
    /// The peer whose writes it delivers, while it is one.
    pub peer: Option<String>,
    /// `conflict_type`.
    pub conflict_type: String,
    /// How many, by outcome: `PENDING`, `APPLIED_REMOTE`, `KEPT_LOCAL`, `MERGED`, `REVERTED`.
    pub by_outcome: [(&'static str, u64); 5],
}

/// How many conflicts wait for a person.
///
/// # Errors
/// When the query fails.
pub async fn pending(client: &Client) -> Result<u64, PgError> {
    let sql = "select count(*) from steep_repl.conflict_log c where c.resolution = 'PENDING'";
    let count: i64 = client.query_one(sql, &[]).await?.try_get(0)?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// How many conflicts there were, by subscription and kind.
///
/// # Errors
/// When the query fails.
pub async fn stats(client: &Client) -> Result<Vec<Kind>, PgError> {
    let sql = "select s.subscription, s.peer_node_id, s.conflict_type,
          sum(s.pending)::bigint, sum(s.applied_remote)::bigint, sum(s.kept_local)::bigint,
          sum(s.merged)::bigint, sum(s.reverted)::bigint
        from steep_repl.conflict_stats s where s.conflict_type is not null
        group by s.subscription, s.peer_node_id, s.conflict_type order by 1, 3";
    let rows = client.query(sql, &[]).await?;
    let kind = |row: &tokio_postgres::Row| {
        let count = |column: usize| -> Result<u64, PgError> {
            Ok(u64::try_from(row.try_get::<_, i64>(column)?).unwrap_or(0))
        };
        Ok(Kind {
            subscription: row.try_get(0)?,
            peer: row.try_get(1)?,
            conflict_type: row.try_get(2)?,
            by_outcome: [
                ("PENDING", count(3)?),
                ("APPLIED_REMOTE", count(4)?),
                ("KEPT_LOCAL", count(5)?),
                ("MERGED", count(6)?),
                ("REVERTED", count(7)?),
            ],
        })
    };
    rows.iter().map(kind).collect()
}
