//! A change of tables on every node, in two rounds: all are asked first, and then it is done.

use steep_ipc::{Plan, Progress, TableEntry};
use steep_proto::{ChangeTableRequest, ChangeTableResponse};

use super::table_commands::partly;
use super::{GroupOperations, ProgressSink, remove};
use crate::error::NodeError;
use crate::join::Address;
use crate::names;

/// A node, and where its daemon is; none: it is this one.
type MemberAt = (String, Option<Address>);

impl GroupOperations {
    /// Changes tables on every node, or on none if one of them says beforehand that it cannot.
    pub(super) async fn everywhere(
        &self,
        changes: Vec<ChangeTableRequest>,
        tables: Vec<TableEntry>,
        dry_run: bool,
        tell: ProgressSink<'_>,
    ) -> Result<Plan, NodeError> {
        let mut plan = Plan { tables, ..Plan::default() };
        let members = self.members_to_change(&mut plan).await?;
        for member in &members {
            told(tell, "checking", 1, &member.0);
            for change in &changes {
                let asked = ChangeTableRequest { dry_run: true, ..change.clone() };
                let answer = self.change_at(member, asked).await?;
                if !answer.possible {
                    plan.refusals.push(format!("{}: {}", place(change, member), answer.reason));
                } else if answer.changed && dry_run {
                    plan.steps.push(place(change, member));
                }
            }
        }
        if !dry_run && plan.refusals.is_empty() {
            self.change_all(&members, &changes, &mut plan, tell).await?;
            plan.done = plan.refusals.is_empty();
        }
        Ok(plan)
    }

    /// Up to the first node that has thought better of it.
    async fn change_all(
        &self,
        members: &[MemberAt],
        changes: &[ChangeTableRequest],
        plan: &mut Plan,
        tell: ProgressSink<'_>,
    ) -> Result<(), NodeError> {
        let mut changed = Vec::new();
        for member in members {
            told(tell, "changing", 2, &member.0);
            for change in changes {
                let asked = ChangeTableRequest { dry_run: false, ..change.clone() };
                let answer = self.change_at(member, asked).await;
                let answer = answer.map_err(|error| partly(&plan.steps, false, error))?;
                if !answer.possible {
                    plan.refusals.push(format!("{}: {}", place(change, member), answer.reason));
                    self.take_back(&changed, plan).await;
                    return Ok(());
                }
                if answer.changed {
                    plan.steps.push(place(change, member));
                    changed.push((change, member));
                }
            }
        }
        Ok(())
    }

    /// Takes out again what was added. What was taken out stays out: rows that were written meanwhile
    /// have reached nobody, and would not if the table came back.
    async fn take_back(&self, changed: &[(&ChangeTableRequest, &MemberAt)], plan: &mut Plan) {
        for (change, member) in changed.iter().rev() {
            let place = place(change, member);
            if change.remove {
                plan.warnings.push(format!(
                    "{place}: it is not replicated any more, elsewhere it still is: say it again as \
                     soon as nothing speaks against it"
                ));
                continue;
            }
            let asked = ChangeTableRequest { remove: true, dry_run: false, ..(*change).clone() };
            let why_not = match self.change_at(member, asked).await {
                Ok(answer) if answer.possible => {
                    plan.steps.retain(|step| *step != place);
                    plan.warnings.push(format!("{place}: it was added, and is taken out again"));
                    continue;
                }
                Ok(answer) => answer.reason,
                Err(error) => error.to_string(),
            };
            plan.warnings.push(format!(
                "{place}: it was added, and cannot be taken out again ({why_not}): later, say \
                 steep-replctl table remove"
            ));
        }
    }

    async fn members_to_change(&self, plan: &mut Plan) -> Result<Vec<MemberAt>, NodeError> {
        let client = self.member().connect().await?;
        let own = &self.member().endpoint().node;
        let mut members = Vec::new();
        for node in remove::nodes(&client, self.member().routes()).await? {
            if node.node == *own {
                members.push((node.node, None));
            } else if let Some(address) = node.address {
                members.push((node.node, Some(address)));
            } else {
                plan.refusals
                    .push(format!("where the daemon of node {} is, is not known", node.node));
            }
        }
        Ok(members)
    }

    async fn change_at(
        &self,
        (node, address): &MemberAt,
        change: ChangeTableRequest,
    ) -> Result<ChangeTableResponse, NodeError> {
        match address {
            None => self.change_table_here(&change).await,
            Some(address) => self.shared.peers.change_table(address, node, change).await,
        }
    }
}

fn told(tell: ProgressSink<'_>, what: &str, number: u32, node: &str) {
    tell(Progress {
        step: format!("{what} on node {node}"),
        step_number: number,
        steps: 2,
        ..Progress::default()
    });
}

/// As people read it.
fn place(change: &ChangeTableRequest, (node, _): &MemberAt) -> String {
    let table = change.table.as_ref().map(names::qualified).unwrap_or_default();
    format!("table {table}, node {node}")
}
