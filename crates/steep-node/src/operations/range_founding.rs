//! Tables begin to draw their ids from identity ranges, on every node of the group.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use steep_ipc::{Plan, Progress, TableEntry};
use steep_pg::Connection;
use steep_proto::{ManageRangesRequest, ManageRangesResponse};
use tokio_postgres::error::SqlState;

use super::{GroupOperations, ProgressSink, known_nodes};
use crate::error::{NodeError, While};
use crate::join::Address;
use crate::ranges::{Growth, occupied_to};
use crate::tables;

/// How often ids may have been drawn beyond what was spared, before writers have to stop for a moment.
/// What is spared the last time is 64 times what was spared first.
const ATTEMPTS: u32 = 4;
/// Between the two looks that tell how fast ids are drawn.
const BETWEEN_LOOKS: Duration = Duration::from_millis(500);

/// A node, and where its daemon is; none: this one.
type MemberAt = (String, Option<Address>);

/// A table, as all nodes know it, and as people write it.
struct Named {
    schema: String,
    table: String,
    shown: String,
}

/// What all nodes say of one table.
struct Looks {
    by_node: Vec<ManageRangesResponse>,
    at: Instant,
}

impl Looks {
    fn highest(&self) -> i64 {
        self.by_node.iter().map(|look| look.highest_id).max().unwrap_or_default()
    }

    fn growth_since(&self, before: &Self) -> Growth {
        let pairs = before.by_node.iter().zip(&self.by_node);
        let drawn = pairs.map(|(then, now)| now.highest_id.abs_diff(then.highest_id)).max();
        Growth { ids: drawn.unwrap_or_default(), within: self.at.duration_since(before.at) }
    }

    fn are_all_managed(&self) -> bool {
        self.by_node.iter().all(|look| look.is_managed)
    }
}

impl GroupOperations {
    /// Lets every node draw the ids of the plan's tables from ranges of its own, where that can be. Says in
    /// the plan what was done, and for which tables it cannot be and why: they replicate all the same.
    ///
    /// May be said again: a table has the founders that it had the first time.
    ///
    /// # Errors
    /// When a node cannot be reached or refuses. The steps of the plan say which nodes are done.
    pub(super) async fn keep_apart(
        &self,
        plan: &mut Plan,
        dry_run: bool,
        tell: ProgressSink<'_>,
    ) -> Result<(), NodeError> {
        let client = self.member().connect().await?;
        let mut named = Vec::new();
        for entry in plan.tables.iter().filter(|entry| entry.reason.is_none()) {
            let Some((schema, table)) = tables::parts(&entry.table) else { continue };
            let is_wanted = entry.class == "replicated" || entry.class == "replicable";
            if is_wanted && self.member().range_policy().of(&schema, &table).enabled {
                named.push(Named { schema, table, shown: entry.table.clone() });
            }
        }
        if !named.is_empty() {
            self.keep_these_apart(&client, &named, plan, dry_run, tell).await?;
        }
        self.say_how_ids_are(&client, &mut plan.tables).await
    }

    async fn keep_these_apart(
        &self,
        client: &Connection,
        named: &[Named],
        plan: &mut Plan,
        dry_run: bool,
        tell: ProgressSink<'_>,
    ) -> Result<(), NodeError> {
        let nodes = known_nodes(client, self.member().routes()).await?;
        if let Some(joining) = nodes.iter().find(|node| node.status == "joining") {
            plan.warnings.push(format!(
                "ids are not kept apart yet, because node {} is joining: say it again when it has joined",
                joining.node
            ));
            return Ok(());
        }
        let own = &self.member().endpoint().node;
        let members: Vec<MemberAt> = nodes
            .into_iter()
            .map(|node| (node.address.filter(|_| node.node != *own), node.node))
            .map(|(address, node)| (node, address))
            .collect();
        let (mut looked, mut unable) = (Vec::new(), Vec::new());
        for table in named {
            let looks = self.look_everywhere(&members, table).await?;
            let refusing =
                looks.by_node.iter().zip(&members).find(|(look, _)| !look.reason.is_empty());
            match refusing {
                Some((look, (node, _))) => unable.push((
                    table,
                    format!(
                        "table {}, node {node}: its ids are not kept apart: {}. {}",
                        table.shown, look.reason, look.hint
                    ),
                )),
                None if !looks.are_all_managed() => looked.push((table, looks)),
                None => {}
            }
        }
        if !dry_run {
            self.found_all(client, &members, &looked, plan, tell).await?;
        }
        // A table inherits as soon as the one whose key it contains is managed.
        let known = if unable.is_empty() { Vec::new() } else { tables::ids(client).await? };
        for (table, warning) in unable {
            let inherits = known.iter().any(|ids| {
                ids.schema == table.schema
                    && ids.table == table.table
                    && ids.class == tables::Ids::Inherits
            });
            if !inherits {
                plan.warnings.push(warning);
            }
        }
        Ok(())
    }

    async fn found_all(
        &self,
        client: &Connection,
        members: &[MemberAt],
        looked: &[(&Named, Looks)],
        plan: &mut Plan,
        tell: ProgressSink<'_>,
    ) -> Result<(), NodeError> {
        if looked.iter().any(|(_, looks)| looks.highest() > 0) {
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        for (number, (table, before)) in looked.iter().enumerate() {
            tell(Progress {
                step: format!("keeping the ids of table {} apart", table.shown),
                step_number: 3,
                steps: 3,
                tables_done: number as u64,
                tables: looked.len() as u64,
                ..Progress::default()
            });
            self.found(client, members, table, before, plan).await?;
        }
        Ok(())
    }

    async fn found(
        &self,
        client: &Connection,
        members: &[MemberAt],
        table: &Named,
        before: &Looks,
        plan: &mut Plan,
    ) -> Result<(), NodeError> {
        let mut looks = self.look_everywhere(members, table).await?;
        let growth = looks.growth_since(before);
        let known = looks.by_node.iter().flat_map(|look| &look.founders);
        let mut founders: BTreeSet<String> = known.cloned().collect();
        if founders.is_empty() {
            founders = members.iter().map(|(node, _)| node.clone()).collect();
        }
        // The first founder owns the lowest block, from which it grants to the others.
        let mut order: Vec<usize> = (0..members.len()).collect();
        order.sort_by_key(|&place| (founders.first() != Some(&members[place].0), place));
        for attempt in 0..ATTEMPTS {
            let space = looks.by_node.first().map(|look| (look.last_id, look.block_ids));
            let request = ManageRangesRequest {
                table_schema: table.schema.clone(),
                table_name: table.table.clone(),
                dry_run: false,
                members: founders.iter().cloned().collect(),
                occupied_to: occupied_to(
                    looks.highest(),
                    growth,
                    attempt,
                    space.unwrap_or_default(),
                ),
            };
            let mut faster = None;
            for &place in &order {
                let (node, address) = &members[place];
                let answer = self.manage_at(node, address.as_ref(), request.clone()).await;
                let answer = answer.map_err(|error| half_way(plan, table, node, error))?;
                if !answer.reason.is_empty() {
                    let message = format!("node {node}: {}", answer.reason);
                    let refused = NodeError::Refused { message, hint: answer.hint };
                    return Err(half_way(plan, table, node, refused));
                }
                if answer.is_beyond {
                    faster = Some(node);
                    break;
                }
                let done = format!("table {}, node {node}: its ids are kept apart", table.shown);
                if !answer.is_managed && !plan.steps.contains(&done) {
                    plan.steps.push(done);
                }
            }
            let Some(node) = faster else {
                return self.share_with_those_who_have_none(client, members, table, plan).await;
            };
            if attempt + 1 == ATTEMPTS {
                let message = format!(
                    "node {node} draws ids of table {} faster than the nodes can be told: {} were spared",
                    table.shown,
                    request.occupied_to.abs_diff(looks.highest())
                );
                let hint = "stop what inserts there for a moment, and say it again".to_owned();
                return Err(half_way(plan, table, node, NodeError::Refused { message, hint }));
            }
            looks = self.look_everywhere(members, table).await?;
        }
        Ok(())
    }

    /// A node that came while the table was not managed is no founder, and nobody has shared with it.
    async fn share_with_those_who_have_none(
        &self,
        client: &Connection,
        members: &[MemberAt],
        table: &Named,
        plan: &mut Plan,
    ) -> Result<(), NodeError> {
        let own = &self.member().endpoint().node;
        let what = format!("sharing the ids of table {}", table.shown);
        let rows = client
            .query(
                "select distinct owner from steep_repl.range_titles
                 where table_schema = $1 and table_name = $2",
                &[&table.schema, &table.table],
            )
            .await
            .while_doing(&what)?;
        let owners: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        for (node, _) in members.iter().filter(|(node, _)| node != own && !owners.contains(node)) {
            let shared = client
                .execute(
                    "select steep_repl.share_ranges($1, $2, $3)",
                    &[&table.schema, &table.table, node],
                )
                .await;
            match shared {
                Err(error) if error.code() == Some(&SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE) => {
                    plan.warnings.push(format!(
                        "table {}: node {node} owns no ids, and draws only what others grant it: {}",
                        table.shown,
                        steep_pg::PgError::from(error)
                    ));
                }
                shared => {
                    shared.while_doing(&what)?;
                }
            }
        }
        Ok(())
    }

    async fn look_everywhere(
        &self,
        members: &[MemberAt],
        table: &Named,
    ) -> Result<Looks, NodeError> {
        let mut by_node = Vec::new();
        for (node, address) in members {
            let request = ManageRangesRequest {
                table_schema: table.schema.clone(),
                table_name: table.table.clone(),
                dry_run: true,
                ..ManageRangesRequest::default()
            };
            by_node.push(self.manage_at(node, address.as_ref(), request).await?);
        }
        Ok(Looks { by_node, at: Instant::now() })
    }

    async fn manage_at(
        &self,
        node: &str,
        address: Option<&Address>,
        request: ManageRangesRequest,
    ) -> Result<ManageRangesResponse, NodeError> {
        match address {
            Some(address) => self.shared.peers.manage_ranges(address, node, request).await,
            None if *node == self.member().endpoint().node => {
                self.manage_ranges_here(&request).await
            }
            None => Err(NodeError::Refused {
                message: format!("where the daemon of node {node} is, is not known"),
                hint: "see steep-replctl node list".to_owned(),
            }),
        }
    }

    /// What each table's ids are by now.
    pub(super) async fn say_how_ids_are(
        &self,
        client: &Connection,
        entries: &mut [TableEntry],
    ) -> Result<(), NodeError> {
        let known = tables::ids(client).await?;
        for entry in entries.iter_mut().filter(|entry| entry.reason.is_none()) {
            let Some((schema, table)) = tables::parts(&entry.table) else { continue };
            let Some(ids) = known.iter().find(|ids| ids.schema == schema && ids.table == table)
            else {
                continue;
            };
            let is_off = !self.member().range_policy().of(&schema, &table).enabled;
            let (class, reason) = match ids.class {
                tables::Ids::Manageable if is_off => (
                    tables::Ids::Unmanaged,
                    Some("identity_ranges is off for it in the configuration".to_owned()),
                ),
                class => (class, ids.reason.clone()),
            };
            entry.ids = Some(class.as_str().to_owned());
            entry.ids_reason = reason;
        }
        Ok(())
    }
}

/// Some nodes keep the ids apart, and others go on drawing from their old sequences: that must not last.
fn half_way(plan: &Plan, table: &Named, node: &str, error: NodeError) -> NodeError {
    let of_table = format!("table {}, node ", table.shown);
    if !plan.steps.iter().any(|step| step.starts_with(&of_table) && step.ends_with("kept apart")) {
        return error;
    }
    tracing::warn!(peer = node, table = table.shown, "its ids are kept apart on some nodes only");
    NodeError::Partly { done: plan.steps.join("; "), source: Box::new(error) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looks(highest: &[i64], at: Instant) -> Looks {
        let by_node = highest.iter().map(|&highest_id| ManageRangesResponse {
            highest_id,
            ..ManageRangesResponse::default()
        });
        Looks { by_node: by_node.collect(), at }
    }

    #[test]
    fn the_fastest_node_says_how_much_is_spared() {
        let began = Instant::now();
        let before = looks(&[100, 50, 7], began);
        let after = looks(&[110, 90, 7], began + Duration::from_secs(1));
        assert_eq!(after.highest(), 110);
        let growth = after.growth_since(&before);
        assert_eq!(growth, Growth { ids: 40, within: Duration::from_secs(1) });
    }

    #[test]
    fn whoever_stops_half_way_says_which_nodes_are_done() {
        let table = Named { schema: "s".into(), table: "t".into(), shown: "s.t".into() };
        let gone = || NodeError::Busy { reason: "node c does not answer".to_owned() };
        let nothing_done = Plan { steps: vec!["table s.t, node a".into()], ..Plan::default() };
        assert_eq!(half_way(&nothing_done, &table, "c", gone()).to_string(), gone().to_string());
        let steps = vec!["table s.t, node a: its ids are kept apart".to_owned()];
        let error = half_way(&Plan { steps, ..Plan::default() }, &table, "c", gone());
        let said =
            "done so far: table s.t, node a: its ids are kept apart; then node c does not answer";
        assert_eq!(error.to_string(), said);
        assert!(error.hint().is_some_and(|hint| hint.contains("again")));
    }
}
