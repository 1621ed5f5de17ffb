//! Changing a table on this node, for whoever gave the command on another one.

use std::time::Duration;

use steep_pg::Connection;
use steep_proto::{ChangeTableRequest, ChangeTableResponse};

use super::GroupOperations;
use crate::error::{NodeError, While};
use crate::names;
use crate::ranges;

impl GroupOperations {
    /// Puts a table under guard here, or takes it out; or says whether that would work.
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
        if request.remove {
            if !request.dry_run && ranges::unmanage(&client, &name).await? {
                tracing::info!(node, table = state.shown, "any id may be written to the table");
            }
            if state.is_replicated && !request.dry_run {
                client
                    .execute("select steep_repl.remove_table($1::text::regclass)", &[&name])
                    .await
                    .while_doing(format!("taking table {name} out of replication"))?;
                tracing::info!(node, table = state.shown, "the table is not replicated any more");
            }
            return Ok(yes(state.is_replicated));
        }
        if state.is_replicated {
            return Ok(yes(false));
        }
        if let Some(why) = state.why_not {
            return Ok(no(why));
        }
        let shape = shape(&client, &name).await?;
        if shape != request.shape {
            return Ok(no(format!(
                "its columns, key or rows differ: here {}, there {}",
                brief(&shape),
                brief(&request.shape)
            )));
        }
        if !request.dry_run {
            let order = table.has_node_order.then_some(&table.node_order);
            let detection = (!table.detection.is_empty()).then_some(&table.detection);
            client
                .execute(
                    "select steep_repl.add_table($1::text::regclass, $2, $3, $4)",
                    &[&name, &table.strategy, &detection, &order],
                )
                .await
                .while_doing(format!("putting table {name} under guard"))?;
            tracing::info!(node, table = state.shown, "the table is replicated from now on");
        }
        Ok(yes(true))
    }
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
