//! Leaving the group.

use std::time::Duration;

use steep_pg::Connection;
use tokio_postgres::error::SqlState;

use super::Member;
use super::closed::Closed;
use super::forget::{drop_link, set_status};
use crate::error::{NodeError, While, refused};
use crate::names;
use crate::ranges;

/// How often leaving gives way to others. Each time it has waited for `deadlock_timeout`, 1 s.
const MOST_DEADLOCKS: u32 = 10;

/// How long the others may take to receive what a leaving node has.
const HANDOVER: Duration = Duration::from_secs(60);

impl Member {
    /// Hands over what only this node has, while clients that write wait, then drops everything that made this database a node. Its
    /// tables and their rows stay. With `force` nothing is waited for. Returns what was done, for people.
    ///
    /// # Errors
    /// When another node is joining, a peer has not received everything in time, or PostgreSQL
    /// refuses.
    pub async fn leave(&self, force: bool) -> Result<Vec<String>, NodeError> {
        let patient = self.server.with_statement_timeout(Duration::ZERO);
        let client = patient.connect().await.while_doing(format!("node {}", self.endpoint.node))?;
        let what = "leaving the group";
        let installed = client
            .query_one("select to_regclass('steep_repl.peers') is not null", &[])
            .await
            .while_doing(what)?;
        let mut done = Vec::new();
        if !installed.get::<_, bool>(0) {
            done.push("this database belongs to no group".to_owned());
            return Ok(done);
        }
        let rows = client
            .query(
                "select n.node_id from steep_repl.nodes n
                 left join steep_repl.peers p using (node_id)
                 where n.node_id <> $1 and (n.status <> 'removed' or p.node_id is not null)",
                &[&self.endpoint.node],
            )
            .await
            .while_doing(what)?;
        let peers: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        let mut closed = None;
        if !force {
            require_nobody_joining(&client).await?;
            done.extend(ranges::hand_over(&client, &self.endpoint.node).await?);
            closed = Some(Closed::take(&patient).await?);
            hand_over(&client, &peers).await?;
            done.push("everything written here has reached the other nodes".to_owned());
        }
        // From here on there is no way back, and whoever watches sees why the links go.
        set_status(&client, &self.endpoint.node, "leaving").await.while_doing(what)?;
        for peer in &peers {
            done.extend(drop_link(&client, peer).await.while_doing(what)?);
        }
        // What is written from here on stays here, as these tables do.
        if let Some(closed) = closed {
            closed.open().await?;
        }
        drop_extension(&client).await.while_doing(what)?;
        done.push("extension steep_repl dropped; tables and rows stay".to_owned());
        Ok(done)
    }
}

/// All or nothing. Whoever uses the extension's tables meanwhile, and be it this daemon's own watch,
/// locks them in another order.
async fn drop_extension(client: &Connection) -> Result<(), tokio_postgres::Error> {
    let statements = "drop publication if exists steep_repl; drop extension steep_repl cascade;
         select pg_replication_origin_drop(o.roname) from pg_replication_origin o
         where o.roname like 'steep!_repl:%' escape '!'";
    let mut deadlocks = 0;
    loop {
        match client.batch_execute(statements).await {
            Err(error)
                if error.code() == Some(&SqlState::T_R_DEADLOCK_DETECTED)
                    && deadlocks < MOST_DEADLOCKS =>
            {
                deadlocks += 1;
            }
            done => return done,
        }
    }
}

/// A node that joins has been promised this one's changes.
async fn require_nobody_joining(client: &Connection) -> Result<(), NodeError> {
    let joining = client
        .query_opt("select node_id from steep_repl.joins limit 1", &[])
        .await
        .while_doing("looking whether a node joins")?;
    match joining.map(|row| row.get::<_, String>(0)) {
        None => Ok(()),
        Some(node) => refused(
            format!("node {node} is joining the group"),
            "wait until it has joined: steep-replctl status there; or cancel its job",
        ),
    }
}

/// Waits until every peer has confirmed what this node had written when it began to leave.
async fn hand_over(client: &Connection, peers: &[String]) -> Result<(), NodeError> {
    let what = "handing over";
    let slots: Vec<_> = peers.iter().map(|peer| names::of_node(peer)).collect();
    let lsn = client
        .query_one("select pg_current_wal_insert_lsn()::text", &[])
        .await
        .while_doing(what)?
        .get::<_, String>(0);
    let waited = crate::join::until("the other nodes receiving everything", HANDOVER, || async {
        let behind = client
            .query(
                "select slot_name::text, confirmed_flush_lsn::text from pg_replication_slots
                 where slot_name = any ($1) and confirmed_flush_lsn < $2::text::pg_lsn",
                &[&slots, &lsn],
            )
            .await
            .while_doing(what)?;
        Ok(behind.first().map(|row| {
            format!("slot {} is at {}", row.get::<_, String>(0), row.get::<_, String>(1))
        }))
    })
    .await;
    match waited {
        Err(NodeError::Deadline { last, .. }) => refused(
            format!("a peer does not receive what this node has to hand over: {last}"),
            "mend the link, or remove the node with --force: what was not sent is lost then",
        ),
        other => other,
    }
}
