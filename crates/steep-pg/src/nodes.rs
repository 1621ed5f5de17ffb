//! `steep_repl.nodes` and which of them this database is.

use tokio_postgres::Client;

use crate::PgError;
use crate::time::rfc3339;

/// A row of `steep_repl.nodes`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Node id.
    pub node_id: String,
    /// Name for people.
    pub node_name: String,
    /// Where peers reach its PostgreSQL.
    pub host: String,
    /// TCP port of its PostgreSQL.
    pub port: u16,
    /// Priority.
    pub priority: i32,
    /// Status.
    pub status: String,
    /// When it last answered: RFC 3339.
    pub last_seen: Option<String>,
    /// Where peers reach its daemon.
    pub grpc_host: Option<String>,
    /// TCP port of its daemon.
    pub grpc_port: Option<u16>,
}

impl Node {
    /// `host:port` of its PostgreSQL.
    #[must_use]
    pub fn postgres(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// `host:port` of its daemon.
    #[must_use]
    pub fn grpc(&self) -> Option<String> {
        let (host, port) = (self.grpc_host.as_ref()?, self.grpc_port?);
        Some(format!("{host}:{port}"))
    }
}

/// Who this database says it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalNode {
    /// Its node id.
    pub node_id: String,
    /// Why that identity is not its own: it is a clone, or restored.
    pub mismatch: Option<String>,
}

/// A node that joins with the help of this one.
#[derive(Debug, Clone, PartialEq)]
pub struct Joining {
    /// The node.
    pub node_id: String,
    /// Seconds since it began.
    pub age_seconds: f64,
}

/// The nodes that join with the help of this one, by id.
///
/// # Errors
/// When the query fails.
pub async fn joining(client: &Client) -> Result<Vec<Joining>, PgError> {
    let sql = "select j.node_id, extract(epoch from
          pg_catalog.clock_timestamp() - pg_catalog.min(j.started_at))::double precision
        from steep_repl.joins j group by j.node_id order by j.node_id";
    let rows = client.query(sql, &[]).await?;
    let joining = |row: &tokio_postgres::Row| {
        Ok(Joining { node_id: row.try_get(0)?, age_seconds: row.try_get(1)? })
    };
    rows.iter().map(joining).collect()
}

/// Every node that this one knows, removed ones included, by id.
///
/// # Errors
/// When the query fails.
pub async fn list(client: &Client) -> Result<Vec<Node>, PgError> {
    // The last two columns are missing before version 0.2.0 of the extension.
    let sql = format!(
        "select n.node_id, n.node_name, n.host, n.port, n.priority, n.status, {},
           pg_catalog.to_jsonb(n) ->> 'grpc_host', (pg_catalog.to_jsonb(n) ->> 'grpc_port')::integer
         from steep_repl.nodes n order by n.node_id",
        rfc3339("n.last_seen")
    );
    let rows = client.query(&sql, &[]).await?;
    let port = |port: i32| {
        u16::try_from(port).map_err(|_| PgError::Answer(format!("{port} is not a TCP port")))
    };
    let node = |row: &tokio_postgres::Row| {
        Ok(Node {
            node_id: row.try_get(0)?,
            node_name: row.try_get(1)?,
            host: row.try_get(2)?,
            port: port(row.try_get(3)?)?,
            priority: row.try_get(4)?,
            status: row.try_get(5)?,
            last_seen: row.try_get(6)?,
            grpc_host: row.try_get(7)?,
            grpc_port: row.try_get::<_, Option<i32>>(8)?.map(port).transpose()?,
        })
    };
    rows.iter().map(node).collect()
}

/// Who this database says it is; none before it has an identity.
///
/// # Errors
/// When the query fails.
pub async fn local(client: &Client) -> Result<Option<LocalNode>, PgError> {
    let sql = "select n.node_id, steep_repl.identity_mismatch() from steep_repl.local_node n";
    let row = client.query_opt(sql, &[]).await?;
    row.map(|row| Ok(LocalNode { node_id: row.try_get(0)?, mismatch: row.try_get(1)? })).transpose()
}
