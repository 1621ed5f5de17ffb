//! Subscribing to a node that has joined.

use std::time::Duration;

use steep_pg::Connection;
use steep_proto::{CompleteJoinRequest, Credentials};

use super::attempts::{self, Standing};
use super::forget::drop_link;
use super::prepare::given_up_already;
use super::{Member, Way, begin_alone};
use crate::error::{NodeError, While, refused};
use crate::names;

/// Before statements with a password in them: whatever the server logs otherwise, that is not for its
/// log.
pub(crate) const DISCREET: &str = "
    set log_statement = none; set log_min_duration_statement = -1;
    set log_min_error_statement = panic; set log_transaction_sample_rate = 0";

impl Member {
    /// Subscribes to a node that has its rows by now, and counts it as online.
    ///
    /// # Errors
    /// When the attempt has ended here, as by `node remove`, or PostgreSQL refuses, here or there.
    pub async fn complete(&self, request: &CompleteJoinRequest) -> Result<(), NodeError> {
        let node = request.node_id.as_str();
        let Some(credentials) = &request.credentials else {
            return refused(
                format!("node {node} does not say how to reach its PostgreSQL"),
                "update its daemon",
            );
        };
        let patient = self.server.with_statement_timeout(Duration::ZERO);
        let client = patient.connect().await.while_doing(format!("node {}", self.endpoint.node))?;
        let what = format!("subscribing to node {node}");
        let join_id = request.join_id.as_str();
        if attempts::standing(&client, node, join_id).await.while_doing(&what)? == Standing::Over {
            return given_up_already(node);
        }
        let own_slot = names::of_node(&self.endpoint.node);
        let way = self.way_to(node, credentials)?;
        subscribe(&client, node, &way, &own_slot, true).await?;
        client
            .batch_execute(&format!(
                "alter subscription {} enable",
                names::identifier(&names::of_node(node))
            ))
            .await
            .while_doing(&what)?;
        begin_alone(&client).await.while_doing(&what)?;
        // Whoever gave it up meanwhile may have looked for the subscription too early.
        if attempts::standing(&client, node, join_id).await.while_doing(&what)? == Standing::Over {
            client.batch_execute("rollback").await.while_doing(&what)?;
            if attempts::has_no_other(&client, node, join_id).await.while_doing(&what)? {
                drop_link(&client, node).await.while_doing(&what)?;
            }
            return given_up_already(node);
        }
        client
            .execute("select steep_repl.set_node_status($1, 'online')", &[&node])
            .await
            .while_doing(&what)?;
        attempts::succeeded(&client, node, join_id).await.while_doing(&what)?;
        client.batch_execute("commit").await.while_doing(&what)?;
        // Whatever it copied is copied.
        withdraw_reading(&client, &names::of_node(node)).await.while_doing(&what)
    }

    /// What the others need to subscribe to this node.
    ///
    /// # Errors
    /// When PostgreSQL refuses.
    pub async fn credentials_for(&self, node: &str) -> Result<Credentials, NodeError> {
        let client = self.connect().await?;
        let what = format!("giving node {node} a way in");
        begin_alone(&client).await.while_doing(&what)?;
        let credentials = self.admit(&client, node, false).await?;
        client.batch_execute("commit").await.while_doing(&what)?;
        Ok(credentials)
    }
}

/// Takes the right to read rows from a peer's role, if it has it.
pub(super) async fn withdraw_reading(
    client: &Connection,
    role: &str,
) -> Result<(), tokio_postgres::Error> {
    let granted = client
        .query(
            "select m.roleid::regrole::text from pg_auth_members m
             where m.member = (select oid from pg_roles where rolname = $1)
               and m.roleid in (select oid from pg_roles where rolname in ('pg_read_all_data', 'steep_repl_viewer'))",
            &[&role],
        )
        .await?;
    for row in granted {
        let (from, what) = (names::identifier(role), row.get::<_, String>(0));
        client.batch_execute(&format!("revoke {what} from {from}")).await?;
    }
    Ok(())
}

/// A subscription to a peer, disabled, and what the guard has to know of it. The slot is made unless
/// it exists already.
pub(crate) async fn subscribe(
    client: &Connection,
    peer: &str,
    way: &Way,
    slot: &str,
    makes_slot: bool,
) -> Result<(), NodeError> {
    let what = format!("subscribing to node {peer}");
    let subscription = names::of_node(peer);
    let exists = client
        .query_one(
            "select exists (select from pg_subscription s join pg_database d on d.oid = s.subdbid
               where d.datname = current_database() and s.subname = $1)",
            &[&subscription],
        )
        .await
        .while_doing(&what)?
        .get::<_, bool>(0);
    let conninfo = way.conninfo();
    let quoted = names::identifier(&subscription);
    client.batch_execute(DISCREET).await.while_doing(&what)?;
    if exists {
        // The password is that of the last answer.
        let statement =
            format!("alter subscription {quoted} connection {}", names::literal(&conninfo));
        client.batch_execute(&statement).await.while_doing(&what)?;
    } else {
        let slot_options = if makes_slot {
            "create_slot = true, enabled = false"
        } else {
            "connect = false, create_slot = false, enabled = false"
        };
        let statement = format!(
            "create subscription {quoted} connection {} publication steep_repl
             with (origin = none, copy_data = false, streaming = off, two_phase = false,
               slot_name = {}, {slot_options})",
            names::literal(&conninfo),
            names::identifier(slot),
        );
        // That it is not connected yet is meant, and no warning.
        client.batch_execute("set log_min_messages = error").await.while_doing(&what)?;
        client.batch_execute(&statement).await.while_doing(&what)?;
        client.batch_execute("reset log_min_messages").await.while_doing(&what)?;
    }
    client
        .execute("select steep_repl.add_peer($1, $2::text::name)", &[&peer, &subscription])
        .await
        .while_doing(&what)?;
    Ok(())
}
