//! Taking in what a peer knows of identity ranges.

use steep_pg::Connection;
use steep_proto::{Member as MemberEntry, RangedTable, TellRangesRequest};

use super::links::RangePeers;
use crate::error::{NodeError, While, refused};

/// Why a node has to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// It joins: it is given blocks, too.
    Joins,
    /// It goes on from a backup, and waits for this peer.
    Restored,
}

/// Hears all that `peer` knows. Returns the tables whose ids are kept apart there.
///
/// The peer counts as heard with the last page only.
///
/// # Errors
/// When the peer does not tell it to the end, or it contradicts what is known here.
pub(super) async fn hear(
    client: &Connection,
    own: &str,
    peer: &str,
    why: Why,
    links: &dyn RangePeers,
) -> Result<Vec<RangedTable>, NodeError> {
    let mut after = String::new();
    let mut tables = Vec::new();
    loop {
        let is_first = after.is_empty();
        let request = TellRangesRequest {
            node_id: own.to_owned(),
            share: is_first && why == Why::Joins,
            is_restored: is_first && why == Why::Restored,
            after: after.clone(),
        };
        let told = links.tell(peer, request).await?;
        if is_first {
            meet(client, &told.nodes, why).await?;
            tables = told.tables;
        }
        let is_last = told.next.is_empty();
        // No node has an empty name: nobody counts as heard yet.
        let heard = if is_last { peer } else { "" };
        client
            .execute("select steep_repl.hear_ranges($1, $2::text::jsonb)", &[&heard, &told.rows])
            .await
            .while_doing(format!("taking in what node {peer} knows of identity ranges"))?;
        if is_last {
            return Ok(tables);
        }
        if told.next == after {
            return refused(
                format!("node {peer} tells the same page of its identity ranges again and again"),
                "update its daemon",
            );
        }
        after = told.next;
    }
}

/// Writes down nodes that this one has not heard of: those that left before it came, and, after a restore,
/// those that came after the backup. What it told the latter it has forgotten as well, so it has to hear them.
async fn meet(client: &Connection, nodes: &[MemberEntry], why: Why) -> Result<(), NodeError> {
    let what = "writing down nodes that this one has not heard of";
    let rows = client.query("select node_id from steep_repl.nodes", &[]).await.while_doing(what)?;
    let known: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
    for node in nodes.iter().filter(|node| !known.contains(&node.node_id.as_str())) {
        client
            .execute(
                "select steep_repl.announce_node($1, $2, $3, $4, $5, $6, $7, $8)",
                &[
                    &node.node_id,
                    &node.node_name,
                    &node.postgres_host,
                    &node.postgres_port.cast_signed(),
                    &node.priority,
                    &node.grpc_host,
                    &node.grpc_port.cast_signed(),
                    &node.status,
                ],
            )
            .await
            .while_doing(what)?;
        if why == Why::Restored && node.status != "removed" {
            client
                .execute(
                    "update steep_repl.range_tables t set unheard = array_append(t.unheard, $1::text)
                     where t.unheard <> '{}' and $1 <> all (t.unheard)",
                    &[&node.node_id],
                )
                .await
                .while_doing(what)?;
        }
    }
    Ok(())
}
