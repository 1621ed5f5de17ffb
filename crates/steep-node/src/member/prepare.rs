//! Preparing for a node that joins.

use steep_pg::Connection;
use steep_proto::{Credentials, NodeDescription, PrepareJoinRequest, PrepareJoinResponse};

use super::attempts::given_up;
use super::complete::withdraw_reading;
use super::forget::drop_slot;
use super::{Member, begin_alone, password};
use crate::error::{NodeError, While, refused};
use crate::names;

impl Member {
    /// Registers the joining node here, gives it a way in, and keeps WAL for it from now on: in a
    /// slot, unless it copies its rows from here, for then the copy's own snapshot makes the slot.
    /// While another node joins it only says so.
    ///
    /// # Errors
    /// When this node is no member, the name is taken, or PostgreSQL refuses.
    pub async fn prepare(
        &self,
        request: &PrepareJoinRequest,
    ) -> Result<PrepareJoinResponse, NodeError> {
        let Some(joiner) = &request.joiner else {
            return Err(NodeError::Misuse {
                message: "the request does not say which node joins".to_owned(),
                hint: "update the joining node's daemon".to_owned(),
            });
        };
        let node = joiner.node_name.as_str();
        let client = self.connect().await?;
        let what = format!("preparing for node {node}");
        begin_alone(&client).await.while_doing(&what)?;
        if let Some(busy) = require_free(&client, joiner, &request.join_id).await? {
            return Ok(PrepareJoinResponse { busy, ..PrepareJoinResponse::default() });
        }
        client
            .execute(
                "select steep_repl.announce_node($1, $1, $2, $3, $4, $5, $6, 'joining')",
                &[
                    &node,
                    &joiner.postgres_host,
                    &joiner.postgres_port.cast_signed(),
                    &joiner.priority,
                    &joiner.grpc_host,
                    &joiner.grpc_port.cast_signed(),
                ],
            )
            .await
            .while_doing(&what)?;
        let credentials = self.admit(&client, node, request.is_source).await?;
        client
            .execute(
                "select steep_repl.begin_join($1, $2, $3)",
                &[&request.join_id, &node, &request.is_source],
            )
            .await
            .while_doing(&what)?;
        client.batch_execute("commit").await.while_doing(&what)?;
        let slot_name = names::of_node(node);
        let slot_lsn = if request.is_source {
            String::new()
        } else {
            let lsn = ensure_slot(&client, &slot_name).await.while_doing(&what)?;
            // Whoever gave the attempt up meanwhile may have looked for the slot too early.
            if drop_unwanted(&client, node, &slot_name).await.while_doing(&what)? {
                return given_up_already(node);
            }
            lsn
        };
        let credentials = Some(credentials);
        Ok(PrepareJoinResponse { slot_name, slot_lsn, credentials, busy: String::new() })
    }

    /// A role of its own for each peer, with a password that only the peer's subscription knows. The
    /// password is new each time: an earlier answer may have been lost. `client` is in a transaction
    /// of [`begin_alone`].
    pub(super) async fn admit(
        &self,
        client: &Connection,
        node: &str,
        reads_rows: bool,
    ) -> Result<Credentials, NodeError> {
        let what = format!("making a role for node {node}");
        let role = names::of_node(node);
        let password = password::random().map_err(|error| NodeError::File {
            what: what.clone(),
            source: std::io::Error::other(error.to_string()),
        })?;
        let (quoted, verifier) =
            (names::identifier(&role), names::literal(&password::verifier(&password)));
        let exists = client
            .query_one("select exists (select from pg_roles where rolname = $1)", &[&role])
            .await
            .while_doing(&what)?
            .get::<_, bool>(0);
        let verb = if exists { "alter" } else { "create" };
        let mut statements =
            vec![format!("{verb} role {quoted} with login replication password {verifier}")];
        let database = names::identifier(&self.server.settings().database);
        statements.push(format!("grant connect on database {database} to {quoted}"));
        // pg_dump and the copy read everything; the rest of the time the role only receives.
        if reads_rows {
            statements.push(format!("grant pg_read_all_data, steep_repl_viewer to {quoted}"));
        }
        client.batch_execute(&statements.join("; ")).await.while_doing(&what)?;
        if !reads_rows {
            withdraw_reading(client, &role).await.while_doing(&what)?;
        }
        Ok(Credentials {
            host: self.endpoint.postgres_host.clone(),
            port: self.endpoint.postgres_port.into(),
            database: self.server.settings().database.clone(),
            role,
            password,
            sslmode: self.endpoint.sslmode.clone(),
        })
    }
}

/// The name must be new, or that of a node that was removed, or of this very attempt; and one node
/// joins after the other: returns what has to end first.
async fn require_free(
    client: &Connection,
    joiner: &NodeDescription,
    join_id: &str,
) -> Result<Option<String>, NodeError> {
    let node = joiner.node_name.as_str();
    let what = format!("looking whether node {node} is new");
    let is_over = client
        .query_one(
            "select exists (select from steep_repl.coordinator_state where key = $1)",
            &[&given_up(join_id)],
        )
        .await
        .while_doing(&what)?;
    if is_over.get::<_, bool>(0) {
        return given_up_already(node);
    }
    let other = client
        .query_opt("select node_id from steep_repl.joins where join_id <> $1 limit 1", &[&join_id])
        .await
        .while_doing(&what)?;
    if let Some(other) = other.map(|row| row.get::<_, String>(0)) {
        if other == node {
            return refused(
                format!("another attempt of node {node} to join has not ended"),
                format!("end it first: steep-replctl node remove {node} --force"),
            );
        }
        // It would not know this one.
        return Ok(Some(format!("node {other} is joining")));
    }
    // It would never know a member that it has not heard of.
    let known: Vec<_> = joiner.members.iter().map(|member| member.node_id.as_str()).collect();
    let unknown = client
        .query_opt(
            "select node_id from steep_repl.nodes
             where status <> 'removed' and node_id <> $1 and node_id <> all ($2) limit 1",
            &[&node, &known],
        )
        .await
        .while_doing(&what)?;
    if let Some(unknown) = unknown.map(|row| row.get::<_, String>(0)) {
        return Ok(Some(format!("node {node} has not heard of node {unknown} yet")));
    }
    let row = client
        .query_opt(
            "select n.status, exists (select from steep_repl.joins j where j.join_id = $2)
             from steep_repl.nodes n where n.node_id = $1 or n.node_name = $1",
            &[&node, &join_id],
        )
        .await
        .while_doing(&what)?;
    let Some(row) = row else { return Ok(None) };
    if row.get::<_, bool>(1) || row.get::<_, String>(0) == "removed" {
        return Ok(None);
    }
    refused(
        format!("a node named {node} is a member already"),
        format!(
            "give the new node another name, or remove the old one: steep-replctl node remove {node}"
        ),
    )
}

/// What a member says about an attempt that has ended there.
pub(crate) const GIVEN_UP: &str = "to join has been given up";

pub(super) fn given_up_already<T>(node: &str) -> Result<T, NodeError> {
    refused(format!("this attempt of node {node} {GIVEN_UP}"), "join again")
}

/// Drops the slot of a node that does not join any more, neither in this attempt nor in another, for
/// which it would be just as good.
async fn drop_unwanted(
    client: &Connection,
    node: &str,
    slot: &str,
) -> Result<bool, tokio_postgres::Error> {
    begin_alone(client).await?;
    let joins = client
        .query_one("select exists (select from steep_repl.joins where node_id = $1)", &[&node])
        .await?
        .get::<_, bool>(0);
    if !joins {
        drop_slot(client, slot).await?;
    }
    client.batch_execute("commit").await?;
    Ok(!joins)
}

/// The slot, from whose position on WAL is kept.
async fn ensure_slot(client: &Connection, slot: &str) -> Result<String, tokio_postgres::Error> {
    let known = client
        .query_opt(
            "select confirmed_flush_lsn::text from pg_replication_slots
             where slot_name = $1 and database = current_database()",
            &[&slot],
        )
        .await?;
    if let Some(row) = known {
        return Ok(row.get(0));
    }
    // Waits for the transactions that run now.
    client.batch_execute("set statement_timeout = 0").await?;
    let made = client
        .query_one(
            "select lsn::text from pg_create_logical_replication_slot($1, 'pgoutput')",
            &[&slot],
        )
        .await?;
    Ok(made.get(0))
}
