//! Commands about tables: said once, on any node, they take effect on all.

use steep_ipc::{Failure, Plan, TableAdd, TableEntry};
use steep_proto::{ChangeTableRequest, ReplicatedTable};

use super::table_change::shape;
use super::{GroupOperations, ProgressSink, patterns};
use crate::error::NodeError;
use crate::group::Policy;
use crate::tables::{self, Pattern};

impl GroupOperations {
    /// Puts tables under guard on every node, or on none if one of them says beforehand that it cannot.
    ///
    /// # Errors
    /// When a node cannot be reached or refuses.
    pub async fn table_add(
        &self,
        request: &TableAdd,
        tell: ProgressSink<'_>,
    ) -> Result<Plan, Failure> {
        let wanted = self.wanted(&request.tables, Wanted::NotComplete).await?;
        let mut changes = Vec::new();
        let client = self.member().connect().await?;
        for entry in &wanted {
            let (configured, order) = self.shared.policy.of(&entry.table);
            let order = request.node_order.clone().or(order);
            let table = ReplicatedTable {
                strategy: request.strategy.clone().unwrap_or(configured),
                detection: request.detection.clone().unwrap_or_default(),
                has_node_order: order.is_some(),
                node_order: order.unwrap_or_default(),
                ..names_of(&client, &entry.table).await?
            };
            let shape = match &entry.reason {
                Some(_) => String::new(),
                None => shape(&client, &entry.table).await?,
            };
            changes.push(ChangeTableRequest {
                table: Some(table),
                remove: false,
                dry_run: true,
                shape,
            });
        }
        let mut plan = self.everywhere(changes, wanted, request.dry_run, tell).await?;
        if plan.refusals.is_empty() {
            let kept = self.keep_apart(&mut plan, request.dry_run, tell).await;
            kept.map_err(|error| partly(&plan.steps, request.dry_run, error))?;
        }
        Ok(plan)
    }

    /// Takes tables out of replication on every node.
    ///
    /// # Errors
    /// When a node cannot be reached or refuses.
    pub async fn table_remove(
        &self,
        names: &[String],
        tell: ProgressSink<'_>,
    ) -> Result<Plan, Failure> {
        let wanted = self.wanted(names, Wanted::All).await?;
        let client = self.member().connect().await?;
        let mut changes = Vec::new();
        for entry in &wanted {
            let table = names_of(&client, &entry.table).await?;
            changes.push(ChangeTableRequest {
                table: Some(table),
                remove: true,
                dry_run: true,
                shape: String::new(),
            });
        }
        Ok(self.everywhere(changes, wanted, false, tell).await?)
    }

    /// The tables that the patterns mean.
    async fn wanted(&self, texts: &[String], which: Wanted) -> Result<Vec<TableEntry>, NodeError> {
        let include: Vec<Pattern> = patterns(texts)?;
        if include.is_empty() {
            return Err(NodeError::Misuse {
                message: "no table is named".to_owned(),
                hint: "give names or patterns: public.orders, 'sales.*'".to_owned(),
            });
        }
        let client = self.member().connect().await?;
        let mut all = tables::list(&client, &include, &[]).await?;
        self.say_how_ids_are(&client, &mut all).await?;
        let wanted: Vec<_> = all
            .into_iter()
            .filter(|table| table.class != "excluded" && which.has(table, texts))
            .filter(|table| is_meant(&include, &table.table))
            .collect();
        if wanted.is_empty() {
            return Err(NodeError::Misuse {
                message: format!("no table is meant by {}", texts.join(", ")),
                hint: "see steep-replctl table list".to_owned(),
            });
        }
        Ok(wanted)
    }
}

/// Which tables a command is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    All,
    /// Those that do not replicate, or whose ids could be kept apart and are not. And whatever is named
    /// without a wildcard: here all may be done, and on another node not.
    NotComplete,
}

impl Wanted {
    fn has(self, table: &TableEntry, texts: &[String]) -> bool {
        let is_complete = table.class == "replicated" && table.ids.as_deref() != Some("manageable");
        let is_named =
            || texts.iter().any(|text| tables::parts(text) == tables::parts(&table.table));
        self == Self::All || !is_complete || is_named()
    }
}

/// A node that has answered a moment ago does not answer any more: others are changed already.
pub(super) fn partly(done: &[String], is_check: bool, error: NodeError) -> NodeError {
    if is_check || done.is_empty() || matches!(error, NodeError::Partly { .. }) {
        return error;
    }
    NodeError::Partly { done: done.join("; "), source: Box::new(error) }
}

/// The two names of a table that exists here.
async fn names_of(
    client: &steep_pg::Connection,
    table: &str,
) -> Result<ReplicatedTable, NodeError> {
    use crate::error::While;

    let row = client
        .query_one(
            "select n.nspname::text, c.relname::text from pg_class c
             join pg_namespace n on n.oid = c.relnamespace where c.oid = $1::text::regclass",
            &[&table],
        )
        .await
        .while_doing(format!("looking at table {table}"))?;
    Ok(ReplicatedTable { table_schema: row.get(0), table_name: row.get(1), ..Default::default() })
}

/// A replicated table is listed whatever the patterns say.
fn is_meant(patterns: &[Pattern], qualified: &str) -> bool {
    tables::parts(qualified).is_some_and(|(schema, table)| {
        patterns.iter().any(|pattern| pattern.matches(&schema, &table))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_complete_here_is_looked_at_again_only_if_it_is_named() {
        let table = |class: &str, ids: &str| TableEntry {
            table: "public.orders".to_owned(),
            class: class.to_owned(),
            reason: None,
            strategy: None,
            detection: None,
            estimated_rows: 0,
            bytes: 0,
            ids: Some(ids.to_owned()),
            ids_reason: None,
        };
        let by =
            |text: &str, entry: &TableEntry| Wanted::NotComplete.has(entry, &[text.to_owned()]);
        let complete = table("replicated", "managed");
        assert!(!by("public.*", &complete));
        assert!(by("orders", &complete) && by("public.\"orders\"", &complete));
        for open in [table("replicable", "managed"), table("replicated", "manageable")] {
            assert!(by("public.*", &open));
        }
        assert!(Wanted::All.has(&complete, &[]));
    }

    #[test]
    fn whoever_stops_half_way_says_how_far_it_came() {
        let gone = || NodeError::Busy { reason: "node c does not answer".to_owned() };
        let done = ["table t, node a".to_owned(), "table t, node b".to_owned()];
        let error = partly(&done, false, gone());
        let said = "done so far: table t, node a; table t, node b; then node c does not answer";
        assert_eq!(error.to_string(), said);
        assert_eq!(error.class(), gone().class());
        assert!(error.hint().is_some_and(|hint| hint.contains("again")));
        for nothing in [partly(&done, true, gone()), partly(&[], false, gone())] {
            assert_eq!(nothing.to_string(), gone().to_string());
        }
    }
}
