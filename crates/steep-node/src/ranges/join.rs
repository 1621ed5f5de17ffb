//! A node that has joined begins to draw ids of its own.

use steep_pg::Connection;
use steep_proto::ManageRangesRequest;

use super::hear::{Why, hear};
use super::here::are_installed;
use super::links::{Members, RangePeers};
use super::look::managed;
use super::obtain::{Ask, obtain, obtain_first};
use crate::error::{NodeError, While, refused};
use crate::join::{Address, Peers};
use crate::member::Member;

/// Hears what the source knows, is given blocks by it, and manages every table that the group manages: before
/// the node's tables are opened, because its sequences stand where the source's did. Repeating it changes
/// nothing.
///
/// The node has caught up. So the source has told everything that came before what the node receives by
/// replication.
///
/// # Errors
/// When the source does not tell, or nobody grants a first range.
pub(crate) async fn begin_to_draw(
    own: &Member,
    client: &Connection,
    source: &str,
    peers: &dyn Peers,
    members: &[(String, Address)],
) -> Result<(), NodeError> {
    if !are_installed(client).await? {
        return Ok(());
    }
    let node = own.endpoint().node.as_str();
    let links = Members { peers, addresses: members };
    let tables = hear(client, node, source, Why::Joins, &links).await?;
    give_up_an_earlier_life(client).await?;
    let already = managed(client).await?;
    for table in &tables {
        let is_managed = |one: &super::Managed| {
            one.schema == table.table_schema && one.table == table.table_name
        };
        if already.iter().any(is_managed) {
            continue;
        }
        let ask = Ask {
            own: node,
            table: (&table.table_schema, &table.table_name),
            size: own.range_policy().of(&table.table_schema, &table.table_name).size,
            peers: &[],
        };
        // Not to be had: then it begins with its own blocks.
        if let Err(error) = obtain_first(client, &ask, source, &links).await {
            tracing::debug!(
                node,
                peer = source,
                table = table.table_name,
                error = error.for_log(),
                "no first range"
            );
        }
        let request = ManageRangesRequest {
            table_schema: table.table_schema.clone(),
            table_name: table.table_name.clone(),
            ..ManageRangesRequest::default()
        };
        let done = own.manage_ranges(&request).await?;
        if !done.reason.is_empty() {
            return refused(
                format!(
                    "the ids of table {}.{} are kept apart on node {source}, and cannot be here: {}",
                    table.table_schema, table.table_name, done.reason
                ),
                done.hint,
            );
        }
    }
    let names: Vec<String> = members.iter().map(|(member, _)| member.clone()).collect();
    for table in managed(client).await? {
        if table.look(client).await?.stock.total() == 0 {
            let ask = Ask {
                own: node,
                table: (&table.schema, &table.table),
                size: table.size(),
                peers: &names,
            };
            obtain(client, &ask, &links as &dyn RangePeers).await?;
        }
    }
    Ok(())
}

/// Ranges of a node of this name that was removed once: how far it had used them, it does not know any more.
async fn give_up_an_earlier_life(client: &Connection) -> Result<(), NodeError> {
    client
        .execute(
            "select steep_repl.record_range_row(r.table_schema, r.table_name, 'grant',
               (to_jsonb(r) - 'id') || jsonb_build_object('status', 'exhausted'))
             from steep_repl.identity_ranges r
             join steep_repl.local_node l on l.node_id = r.node_id
             where r.status = 'active' and not exists (
               select from steep_repl.range_tables t
               where t.table_schema = r.table_schema and t.table_name = r.table_name and t.is_active)",
            &[],
        )
        .await
        .while_doing("giving up ranges of an earlier node of this name")?;
    Ok(())
}
