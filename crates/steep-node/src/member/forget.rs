//! Forgetting a node: one that leaves, or one whose attempt to join has failed.

use steep_pg::Connection;

use super::{Member, attempts, begin_alone};
use crate::error::{NodeError, While};
use crate::names;

impl Member {
    /// Removes everything here that belongs to a node: the subscription to it, its slot, its role,
    /// its place among the peers. Its row in `steep_repl.nodes` stays, as `removed`: what it wrote
    /// keeps its place in the order of versions. Returns what was done, for people.
    ///
    /// With a `join_id` only what that attempt has made: it may be an old one, and the node a member by
    /// another.
    ///
    /// # Errors
    /// When PostgreSQL refuses.
    pub async fn forget(
        &self,
        node: &str,
        join_id: Option<&str>,
    ) -> Result<Vec<String>, NodeError> {
        let client = self.connect().await?;
        let what = format!("forgetting node {node}");
        // First: a request to prepare that is still on its way, or still waits for its slot, then
        // finds out, or has made what is dropped below.
        begin_alone(&client).await.while_doing(&what)?;
        attempts::give_up(&client, node, join_id).await.while_doing(&what)?;
        let is_all = match join_id {
            Some(join_id) => {
                attempts::has_no_other(&client, node, join_id).await.while_doing(&what)?
            }
            None => true,
        };
        client.batch_execute("commit").await.while_doing(&what)?;
        if !is_all {
            return Ok(Vec::new());
        }
        // Whoever watches sees why the link goes.
        set_status(&client, node, "leaving").await.while_doing(&what)?;
        let mut done = drop_link(&client, node).await.while_doing(&what)?;
        let removed = client
            .query_one("select steep_repl.remove_peer($1)", &[&node])
            .await
            .while_doing(&what)?;
        if removed.get::<_, bool>(0) {
            done.push(format!("node {node} is no peer any more"));
        }
        set_status(&client, node, "removed").await.while_doing(&what)?;
        Ok(done)
    }
}

/// Writes down where a node is in its life, if it is known here and was not removed already.
pub(super) async fn set_status(
    client: &Connection,
    node: &str,
    status: &str,
) -> Result<(), tokio_postgres::Error> {
    client
        .execute(
            "select steep_repl.set_node_status(n.node_id, $2) from steep_repl.nodes n
             where n.node_id = $1 and n.status <> 'removed'",
            &[&node, &status],
        )
        .await?;
    Ok(())
}

/// Drops what ties this node to another one: the subscription to it, and the slot and the role that
/// it has here. Says what was dropped, for people.
pub(crate) async fn drop_link(
    client: &Connection,
    node: &str,
) -> Result<Vec<String>, tokio_postgres::Error> {
    let name = names::of_node(node);
    let mut done = Vec::new();
    if let Some(subscription) = subscription_to(client, node).await? {
        drop_subscription(client, &subscription).await?;
        done.push(format!("subscription {subscription} dropped"));
    }
    // The role first: nobody comes back then to read from the slot, or to make it anew.
    if drop_role(client, &name).await? {
        done.push(format!("role {name} dropped"));
    }
    if drop_slot(client, &name).await? {
        done.push(format!("slot {name} dropped"));
    }
    Ok(done)
}

async fn subscription_to(
    client: &Connection,
    node: &str,
) -> Result<Option<String>, tokio_postgres::Error> {
    let row = client
        .query_opt(
            "select s.subname::text from pg_subscription s
             join pg_database d on d.oid = s.subdbid and d.datname = current_database()
             where s.subname = coalesce(
               (select p.subscription from steep_repl.peers p where p.node_id = $1), $2::text::name)",
            &[&node, &names::of_node(node)],
        )
        .await?;
    Ok(row.map(|row| row.get(0)))
}

/// Without its slot, which the other side drops: it may be away.
async fn drop_subscription(
    client: &Connection,
    subscription: &str,
) -> Result<(), tokio_postgres::Error> {
    let quoted = names::identifier(subscription);
    for statement in [
        format!("alter subscription {quoted} disable"),
        format!("alter subscription {quoted} set (slot_name = none)"),
        format!("drop subscription {quoted}"),
    ] {
        client.batch_execute(&statement).await?;
    }
    Ok(())
}

/// Drops a slot of this database, and whoever reads from it first.
pub(super) async fn drop_slot(
    client: &Connection,
    slot: &str,
) -> Result<bool, tokio_postgres::Error> {
    // A reader needs a moment to let go of it; one that has another role may come back.
    for _ in 0..50 {
        let slot_row = client
            .query_opt(
                "select pg_terminate_backend(s.active_pid, 5000) from pg_replication_slots s
                 where s.slot_name = $1 and s.database = current_database()",
                &[&slot],
            )
            .await?;
        if slot_row.is_none() {
            return Ok(false);
        }
        match client.execute("select pg_drop_replication_slot($1::text::name)", &[&slot]).await {
            Ok(_) => return Ok(true),
            Err(error) if error.code().is_some_and(|code| code.code() == "55006") => {}
            // Whoever was still making it was ended, and it with them.
            Err(error) if error.code().is_some_and(|code| code.code() == "42704") => {
                return Ok(true);
            }
            Err(error) => return Err(error),
        }
    }
    client.execute("select pg_drop_replication_slot($1::text::name)", &[&slot]).await?;
    Ok(true)
}

async fn drop_role(client: &Connection, role: &str) -> Result<bool, tokio_postgres::Error> {
    begin_alone(client).await?;
    let exists = client
        .query_one("select exists (select from pg_roles where rolname = $1)", &[&role])
        .await?
        .get::<_, bool>(0);
    if exists {
        client
            .execute(
                "select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = $1",
                &[&role],
            )
            .await?;
        let quoted = names::identifier(role);
        client.batch_execute(&format!("drop owned by {quoted}; drop role {quoted}")).await?;
    }
    client.batch_execute("commit").await?;
    Ok(exists)
}
