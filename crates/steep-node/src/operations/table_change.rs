//! Changing a table on this node, for whoever gave the command on another one.

use std::time::Duration;

use steep_pg::Connection;
use steep_proto::{ChangeTableRequest, ChangeTableResponse, ReplicatedTable};

use super::GroupOperations;
use crate::error::{NodeError, While};
use crate::names;
use crate::ranges;

impl GroupOperations {
    /// Puts a table under guard here, or takes it out; or says whether that would work. While a node
    /// joins nothing is changed: it has the list of tables that there was when it began.
    pub(super) async fn change_table_here(
        &self,
        request: &ChangeTableRequest,
    ) -> Result<ChangeTableResponse, NodeError> {
        let patient = self.member().server().with_statement_timeout(Duration::ZERO);
        let client = patient.connect().await.while_doing("connecting to this server")?;
        let Some(table) = &request.table else {
            return Ok(no("the request names no table"));
        };
        let (name, node) = (names::qualified(table), &self.member().endpoint().node);
        let Some(state) = state(&client, &name).await? else {
            return Ok(no(format!("node {node} has no table {name}")));
        };
        if let Some(joins) = who_joins(&client).await? {
            return Ok(no(joins));
        }
        if request.remove && request.dry_run {
            return Ok(yes(state.is_replicated));
        }
        if !request.remove {
            if state.is_replicated {
                return Ok(yes(false));
            }
            if let Some(why) = state.why_not {
                return Ok(no(why));
            }
        }
        if request.dry_run {
            let shape = shape(&client, &name).await?;
            return Ok(other_shape(request, &shape).map_or_else(|| yes(true), no));
        }
        let what = format!("changing table {name}");
        client.batch_execute("begin").await.while_doing(&what)?;
        let change = if request.remove {
            remove(&client, &name).await
        } else {
            add(&client, &name, table, request).await
        };
        let answer = change?;
        let end = if answer.possible { "commit" } else { "rollback" };
        client.batch_execute(end).await.while_doing(&what)?;
        let shown = &state.shown;
        match (answer.possible && answer.changed, request.remove) {
            (true, true) => {
                tracing::info!(node, table = shown, "the table is not replicated any more");
            }
            (true, false) => {
                tracing::info!(node, table = shown, "the table is replicated from now on");
            }
            (false, _) => {}
        }
        Ok(answer)
    }
}

/// In a transaction. Its rows are compared while nobody can write them: what was written between the
/// look and the change would be published to nobody.
async fn add(
    client: &Connection,
    name: &str,
    table: &ReplicatedTable,
    request: &ChangeTableRequest,
) -> Result<ChangeTableResponse, NodeError> {
    let what = format!("putting table {name} under guard");
    client
        .batch_execute(&format!("lock table {name} in share row exclusive mode"))
        .await
        .while_doing(&what)?;
    let shape = shape(client, name).await?;
    if let Some(other) = other_shape(request, &shape) {
        return Ok(no(other));
    }
    if let Some(joins) = nobody_begins_to_join(client).await? {
        return Ok(no(joins));
    }
    let order = table.has_node_order.then_some(&table.node_order);
    let detection = (!table.detection.is_empty()).then_some(&table.detection);
    client
        .execute(
            "select steep_repl.add_table($1::text::regclass, $2, $3, $4)",
            &[&name, &table.strategy, &detection, &order],
        )
        .await
        .while_doing(&what)?;
    Ok(yes(true))
}

/// In a transaction.
async fn remove(client: &Connection, name: &str) -> Result<ChangeTableResponse, NodeError> {
    let what = format!("taking table {name} out of replication");
    // As its triggers' end will: whoever waits for it is not to hold up who wants to join.
    client
        .batch_execute(&format!("lock table {name} in access exclusive mode"))
        .await
        .while_doing(&what)?;
    if let Some(joins) = nobody_begins_to_join(client).await? {
        return Ok(no(joins));
    }
    ranges::unmanage(client, name).await?;
    let removed = client
        .execute(
            "select steep_repl.remove_table(t.relation) from steep_repl.replicated_tables t
             where t.relation = $1::text::regclass and t.is_active",
            &[&name],
        )
        .await
        .while_doing(&what)?;
    Ok(yes(removed > 0))
}

/// The node that joins, if one does, and the way out. It may be this one.
async fn who_joins(client: &Connection) -> Result<Option<String>, NodeError> {
    let joining = client
        .query_opt(
            "select node_id from steep_repl.joins
             union all select record ->> 'node' from steep_repl.own_join limit 1",
            &[],
        )
        .await
        .while_doing("looking whether a node joins")?;
    Ok(joining.map(|row| {
        let node = row.get::<_, Option<String>>(0).unwrap_or_default();
        format!(
            "node {node} joins at the moment: say it again when it is online; if it never will be, \
             first steep-replctl node remove {node} --force"
        )
    }))
}

/// As [`who_joins`], and until the transaction ends nobody begins to.
async fn nobody_begins_to_join(client: &Connection) -> Result<Option<String>, NodeError> {
    client
        .batch_execute("lock table steep_repl.joins in share row exclusive mode")
        .await
        .while_doing("looking whether a node joins")?;
    who_joins(client).await
}

/// What differs between the table here and there, if anything does.
fn other_shape(request: &ChangeTableRequest, shape: &str) -> Option<String> {
    (shape != request.shape).then(|| {
        format!(
            "its columns, key or rows differ: here {}, there {}",
            brief(shape),
            brief(&request.shape)
        )
    })
}

fn no(reason: impl Into<String>) -> ChangeTableResponse {
    ChangeTableResponse { possible: false, reason: reason.into(), changed: false }
}

fn yes(changed: bool) -> ChangeTableResponse {
    ChangeTableResponse { possible: true, reason: String::new(), changed }
}

/// A long text's beginning and its length.
fn brief(text: &str) -> String {
    const SHOWN: usize = 200;
    if text.chars().count() <= SHOWN {
        return text.to_owned();
    }
    format!("{}…", text.chars().take(SHOWN).collect::<String>())
}

struct State {
    /// As people write it: quoted only where it has to be.
    shown: String,
    is_replicated: bool,
    why_not: Option<String>,
}

async fn state(client: &Connection, name: &str) -> Result<Option<State>, NodeError> {
    let row = client
        .query_opt(
            "select exists (select from steep_repl.replicated_tables t where t.relation = c.oid and t.is_active),
               (select concat_ws('; ', w.why, w.hint) from steep_repl.why_not_replicable(c.oid) w where w.why is not null),
               format('%I.%I', n.nspname, c.relname)
             from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = to_regclass($1)",
            &[&name],
        )
        .await
        .while_doing(format!("looking at table {name}"))?;
    Ok(row.map(|row| State { is_replicated: row.get(0), why_not: row.get(1), shown: row.get(2) }))
}

/// Columns, key and rows of a table in a form that is the same on two nodes if the tables are: they
/// have to be when a table is put under guard.
pub(super) async fn shape(client: &Connection, name: &str) -> Result<String, NodeError> {
    let what = format!("looking at table {name}");
    let columns = client
        .query_one(
            "select coalesce(string_agg(format('%I %s%s%s', a.attname, format_type(a.atttypid, a.atttypmod),
                 case when a.attnotnull then ' not null' else '' end,
                 case when a.attgenerated <> '' then ' generated' else '' end), ', ' order by a.attname), '')
               || coalesce(' key (' || (
                 select string_agg(quote_ident(k.attname), ', ' order by k.attnum)
                 from pg_attribute k where k.attrelid = steep_repl.key_index(a.attrelid)) || ')', '')
             from pg_attribute a
             where a.attrelid = $1::text::regclass and a.attnum > 0 and not a.attisdropped
             group by a.attrelid",
            &[&name],
        )
        .await
        .while_doing(&what)?
        .get::<_, String>(0);
    let rows = client
        .query_one(
            &format!(
                "select count(*), coalesce(sum(hashtextextended(t::text, 0)), 0)::text from {name} t"
            ),
            &[],
        )
        .await
        .while_doing(&what)?;
    Ok(format!("{columns}; {} rows, digest {}", rows.get::<_, i64>(0), rows.get::<_, String>(1)))
}
