//! How old the newest heartbeat of each node is, and which of ours the peers have applied.

use tokio_postgres::Client;

use crate::PgError;

/// The newest heartbeat of a node that has arrived here.
#[derive(Debug, Clone, PartialEq)]
pub struct Heartbeat {
    /// The node.
    pub node_id: String,
    /// When it beat, by its own clock: RFC 3339.
    pub beat_at: String,
    /// How old it is by this node's clock, in seconds; below zero if that node's clock is ahead.
    pub age_seconds: f64,
    /// How old the newest beat of this node is that the other had applied by then, in seconds.
    pub echo_age_seconds: Option<f64>,
}

/// The newest heartbeat of each node, this one included, by node.
///
/// # Errors
/// When the query fails.
pub async fn list(client: &Client) -> Result<Vec<Heartbeat>, PgError> {
    let sql = format!(
        "select h.node_id, {}, extract(epoch from pg_catalog.clock_timestamp() - h.beat_at)::double precision,
           extract(epoch from pg_catalog.clock_timestamp()
             - (h.seen -> n.node_id ->> 'beat_at')::timestamptz)::double precision
         from steep_repl.heartbeats h cross join steep_repl.local_node n
         order by h.node_id",
        crate::time::rfc3339("h.beat_at")
    );
    let rows = client.query(&sql, &[]).await?;
    let heartbeat = |row: &tokio_postgres::Row| {
        Ok(Heartbeat {
            node_id: row.try_get(0)?,
            beat_at: row.try_get(1)?,
            age_seconds: row.try_get(2)?,
            echo_age_seconds: row.try_get(3)?,
        })
    };
    rows.iter().map(heartbeat).collect()
}
