//! A table of this node begins to draw its ids from ranges, or ends.

use std::time::Duration;

use steep_pg::Connection;
use steep_proto::{ManageRangesRequest, ManageRangesResponse};
use tokio_postgres::error::SqlState;

use crate::error::{NodeError, While, refused};
use crate::member::Member;
use crate::names;
use crate::tables::parts;

/// How long writers queue behind the lock that a table needs for a moment. Whoever holds it up has a
/// long transaction.
const LOCK_TIMEOUT: &str = "set lock_timeout = '30s'";

/// SQL: whether the key of table `c.oid` contains that of a managed table.
pub(crate) const INHERITS: &str = "exists (
  select from pg_constraint f
  join steep_repl.range_tables p on p.relation = f.confrelid and p.is_active
  join pg_index i on i.indexrelid = steep_repl.key_index(c.oid)
  where f.conrelid = c.oid and f.contype = 'f'
    and f.conkey && (i.indkey::smallint[])[0:i.indnkeyatts - 1])";

/// Whether the database has identity ranges at all: its extension may be an older one, or none.
pub(crate) async fn are_installed(client: &Connection) -> Result<bool, NodeError> {
    let sql = "select to_regclass('steep_repl.range_tables') is not null";
    let row = client.query_one(sql, &[]).await;
    Ok(row.while_doing("looking for identity ranges")?.get(0))
}

/// A table's quoted name, with schema `public` if it is given without one.
fn qualified(table: &str) -> String {
    match parts(table) {
        Some((schema, table)) => {
            format!("{}.{}", names::identifier(&schema), names::identifier(&table))
        }
        // What is no name is no table.
        None => table.to_owned(),
    }
}

/// The names that all nodes know a managed table by.
///
/// # Errors
/// When there is no such table here, or its ids are not kept apart.
pub(crate) async fn require_managed(
    client: &Connection,
    table: &str,
) -> Result<(String, String), NodeError> {
    let row = client
        .query_opt(
            "select t.table_schema, t.table_name from steep_repl.range_tables t
             where t.relation = to_regclass($1) and t.is_active",
            &[&qualified(table)],
        )
        .await
        .while_doing(format!("looking at table {table}"))?;
    match row {
        Some(row) => Ok((row.get(0), row.get(1))),
        None => Err(NodeError::Misuse {
            message: format!("table {table} has no identity ranges on this node"),
            hint: "see steep-replctl range status".to_owned(),
        }),
    }
}

/// The names that all nodes know a table by, also one that is managed no more.
///
/// # Errors
/// When its ids were never kept apart.
pub(crate) async fn known_as(
    client: &Connection,
    table: &str,
) -> Result<(String, String), NodeError> {
    let row = client
        .query_opt(
            "select t.table_schema, t.table_name from steep_repl.range_tables t
             where t.relation = to_regclass($1)",
            &[&qualified(table)],
        )
        .await
        .while_doing(format!("looking at table {table}"))?;
    match row {
        Some(row) => Ok((row.get(0), row.get(1))),
        None => require_managed(client, table).await,
    }
}

impl Member {
    /// Lets this node draw a table's ids from ranges, or only says how far they are.
    ///
    /// # Errors
    /// When PostgreSQL refuses.
    pub async fn manage_ranges(
        &self,
        request: &ManageRangesRequest,
    ) -> Result<ManageRangesResponse, NodeError> {
        let ManageRangesRequest { table_schema, table_name, .. } = request;
        let node = &self.endpoint().node;
        let name = format!("{}.{}", names::identifier(table_schema), names::identifier(table_name));
        // The highest id of a table without an index on it takes a while, as does the lock.
        let patient = self.server().with_statement_timeout(Duration::ZERO);
        let client = patient.connect().await.while_doing(format!("node {node}"))?;
        if !are_installed(&client).await? {
            return Ok(ManageRangesResponse {
                reason: "its extension has no identity ranges".to_owned(),
                hint: "update it: alter extension steep_repl update".to_owned(),
                ..ManageRangesResponse::default()
            });
        }
        let Some(seen) = look(&client, &name).await? else {
            return refused(
                format!("node {node} has no table {name}"),
                "it is there when its replication begins: see steep-replctl table list",
            );
        };
        if request.dry_run || !seen.reason.is_empty() {
            return Ok(seen);
        }
        let wanted = self.range_policy().of(table_schema, table_name);
        // Without members it was founded elsewhere, and this node has copied all rows there are.
        let members = (!request.members.is_empty()).then_some(&request.members);
        let occupied_to = members.map(|_| request.occupied_to);
        client.batch_execute(LOCK_TIMEOUT).await.while_doing(&name)?;
        let done = client
            .execute(
                "select steep_repl.manage_ranges($1::text::regclass, $2, $3, $4, $5)",
                &[&name, &members, &occupied_to, &wanted.size, &wanted.threshold_percent],
            )
            .await;
        match done {
            Err(error) if error.code() == Some(&SqlState::OBJECT_IN_USE) => {
                Ok(ManageRangesResponse { is_beyond: true, ..seen })
            }
            done => {
                done.while_doing(format!("drawing the ids of table {name} from ranges"))?;
                tracing::info!(node, table = name, "its ids are drawn from ranges from now on");
                Ok(seen)
            }
        }
    }
}

/// What a table's ids are like; nothing if there is no such table.
async fn look(client: &Connection, name: &str) -> Result<Option<ManageRangesResponse>, NodeError> {
    let row = client
        .query_opt(
            "select coalesce(k.why, ''), coalesce(k.hint, ''),
               exists (select from steep_repl.range_tables t where t.relation = c.oid and t.is_active),
               case when k.why is null
                 then steep_repl.highest_id(c.oid, k.key_column, k.key_sequence) else 0 end,
               coalesce(k.last_id, 0), coalesce(k.block_ids, 0),
               array(select distinct t.owner collate \"C\" from steep_repl.range_titles t
                 where t.table_schema = n.nspname and t.table_name = c.relname and t.generation = 0 order by 1)
             from pg_class c
             join pg_namespace n on n.oid = c.relnamespace
             cross join lateral steep_repl.range_key(c.oid) k
             where c.oid = to_regclass($1)",
            &[&name],
        )
        .await
        .while_doing(format!("looking at the ids of table {name}"))?;
    Ok(row.map(|row| ManageRangesResponse {
        reason: row.get(0),
        hint: row.get(1),
        is_managed: row.get(2),
        highest_id: row.get(3),
        last_id: row.get(4),
        block_ids: row.get(5),
        founders: row.get(6),
        is_beyond: false,
    }))
}

/// Lets any id be written to a table again, on this node. Says whether it was managed.
///
/// # Errors
/// When PostgreSQL refuses.
pub(crate) async fn unmanage(client: &Connection, name: &str) -> Result<bool, NodeError> {
    if !are_installed(client).await? {
        return Ok(false);
    }
    let ended = client
        .execute(
            "select steep_repl.unmanage_ranges(t.relation) from steep_repl.range_tables t
             where t.relation = to_regclass($1) and t.is_active",
            &[&name],
        )
        .await
        .while_doing(format!("letting any id be written to table {name}"))?;
    Ok(ended > 0)
}
