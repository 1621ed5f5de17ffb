//! Who a joining database is, and who the others are.

use steep_pg::Connection;
use steep_proto::NodeDescription;

use crate::error::{NodeError, While};
use crate::member::Member;

/// This database's identity, and the members as the source knows them.
pub(super) async fn give(
    own: &Member,
    client: &Connection,
    source: &NodeDescription,
) -> Result<(), NodeError> {
    let what = "giving this database its identity";
    let endpoint = own.endpoint();
    client
        .execute("select steep_repl.set_node_id($1)", &[&endpoint.node])
        .await
        .while_doing(what)?;
    // First of all that it joins: of a node among others it would be said that they lack their slots here.
    own.announce(client, "joining").await?;
    let announce = "select steep_repl.announce_node($1, $2, $3, $4, $5, $6, $7, $8)";
    for member in &source.members {
        if member.node_id == endpoint.node {
            continue;
        }
        client
            .execute(
                announce,
                &[
                    &member.node_id,
                    &member.node_name,
                    &member.postgres_host,
                    &member.postgres_port.cast_signed(),
                    &member.priority,
                    &member.grpc_host,
                    &member.grpc_port.cast_signed(),
                    &"online",
                ],
            )
            .await
            .while_doing(what)?;
    }
    Ok(())
}
