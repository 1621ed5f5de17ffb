//! The subscriptions of a node that joins: where each peer's changes are taken up.

use std::collections::BTreeMap;

use steep_pg::Connection;
use steep_proto::{PrepareJoinResponse, ReplicatedTable};
use steep_types::Lsn;

use crate::error::{NodeError, While, refused};
use crate::member::{Member, subscribe};
use crate::names;

/// A member, as far as this node's own side of the link goes.
#[derive(Debug, Clone)]
pub(super) struct Link {
    pub(super) node: String,
    pub(super) prepared: PrepareJoinResponse,
}

/// How far each other member's changes are in the snapshot. `source` sees the snapshot.
pub(super) async fn positions(
    source: &Connection,
    join_id: &str,
) -> Result<BTreeMap<String, Lsn>, NodeError> {
    let rows = source
        .query(
            "select p.node_id, p.remote_lsn::text
             from steep_repl.applied_positions p
             join steep_repl.joins j on j.generation = p.generation and j.join_id = $1",
            &[&join_id],
        )
        .await
        .while_doing("asking the source how far the others' changes are in it")?;
    let mut positions = BTreeMap::new();
    for row in rows {
        let (node, lsn) = (row.get::<_, String>(0), row.get::<_, String>(1));
        match lsn.parse() {
            Ok(lsn) => positions.insert(node, lsn),
            Err(_) => return refused(format!("{lsn} is no position"), "report this"),
        };
    }
    Ok(positions)
}

/// Makes the subscriptions, disabled, on the slots that the members have made.
pub(super) async fn make(
    client: &Connection,
    links: &[Link],
    own: &Member,
) -> Result<(), NodeError> {
    for link in links {
        let Some(credentials) = &link.prepared.credentials else {
            return refused(format!("node {} gives no way in", link.node), "update its daemon");
        };
        let way = own.way_to(&link.node, credentials)?;
        subscribe(client, &link.node, &way, &link.prepared.slot_name, false).await?;
    }
    Ok(())
}

/// Lets each subscription begin where the copy ends.
pub(super) async fn advance(
    client: &Connection,
    starts: &BTreeMap<String, Lsn>,
) -> Result<(), NodeError> {
    for (node, lsn) in starts {
        let moved = client
            .execute(
                "select pg_replication_origin_advance('pg_' || s.oid, $2::text::pg_lsn)
                 from pg_subscription s join pg_database d on d.oid = s.subdbid
                 where d.datname = current_database() and s.subname = $1",
                &[&names::of_node(node), &lsn.to_string()],
            )
            .await
            .while_doing(format!("setting where the changes of node {node} begin"))?;
        if moved != 1 {
            return refused(
                format!("the subscription to node {node} is gone"),
                "somebody dropped it while this node joined: join again",
            );
        }
    }
    Ok(())
}

/// Puts the tables under guard as they are at the source.
pub(super) async fn guard_tables(
    client: &Connection,
    tables: &[ReplicatedTable],
) -> Result<(), NodeError> {
    for table in tables {
        let name = names::qualified(table);
        let order = table.has_node_order.then_some(&table.node_order);
        client
            .execute(
                "select steep_repl.add_table($1::text::regclass, $2, $3, $4)
                 where not exists (select from steep_repl.replicated_tables t
                   where t.relation = $1::text::regclass and t.is_active)",
                &[&name, &table.strategy, &table.detection, &order],
            )
            .await
            .while_doing(format!("putting table {name} under guard"))?;
    }
    Ok(())
}

/// Lets the subscriptions run.
pub(super) async fn enable(client: &Connection, nodes: &[String]) -> Result<(), NodeError> {
    for node in nodes {
        let subscription = names::identifier(&names::of_node(node));
        client
            .batch_execute(&format!("alter subscription {subscription} enable"))
            .await
            .while_doing(format!("enabling the subscription to node {node}"))?;
    }
    Ok(())
}
