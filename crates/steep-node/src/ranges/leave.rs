//! A node that leaves gives its blocks to one that stays.

use steep_pg::Connection;

use super::here::are_installed;
use super::look::managed;
use crate::error::{NodeError, While};

/// Gives all untouched blocks of this node to a member that stays. They travel by replication: to be done
/// before what this node has written is waited for. Says what was done, for people.
///
/// # Errors
/// When this node was restored and has not heard all others yet.
pub(crate) async fn hand_over(client: &Connection, own: &str) -> Result<Option<String>, NodeError> {
    if !are_installed(client).await? {
        return Ok(None);
    }
    let tables = managed(client).await?;
    let heir = client
        .query_opt(
            "select n.node_id from steep_repl.nodes n join steep_repl.peers p using (node_id)
             where n.node_id <> $1 and n.status not in ('removed', 'joining', 'leaving')
             order by n.status <> 'online', n.priority desc, n.node_id limit 1",
            &[&own],
        )
        .await
        .while_doing("looking who stays")?
        .map(|row| row.get::<_, String>(0));
    let Some(heir) = heir.filter(|_| !tables.is_empty()) else { return Ok(None) };
    for table in &tables {
        client
            .execute(
                "select steep_repl.hand_over_ranges($1, $2, $3)",
                &[&table.schema, &table.table, &heir],
            )
            .await
            .while_doing(format!("handing the ids of table {} over to node {heir}", table.shown))?;
    }
    Ok(Some(format!("ids of {} tables handed over to node {heir}", tables.len())))
}
