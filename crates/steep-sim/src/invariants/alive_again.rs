//! T4. Within the stated time after the last fault, one node acts with a quorum and all members
//! follow it with the same membership. A member on a link that stays cut in one
//! direction need not.

use crate::network::Network;
use crate::node::Node;
use crate::world::name;
use steep_topology::Mandate;

pub(crate) struct AliveAgain;

impl AliveAgain {
    /// Who acts with a quorum, if all members follow it.
    pub(crate) fn coordinator(nodes: &[Node], network: &Network, now: u64) -> Option<usize> {
        let has_quorum = |node: &Node| {
            node.acting(now).is_some_and(|one| matches!(one.mandate, Mandate::Quorum { .. }))
        };
        let at = nodes.iter().position(has_quorum)?;
        let machine = nodes[at].machine.as_ref()?;
        let (membership, own) = (machine.membership(), name(at));
        let follows = |node: &Node| {
            node.machine.as_ref().is_some_and(|machine| {
                let status = machine.status(node.clock.monotonic(now));
                status.coordinator.as_ref() == Some(&own) && status.membership == membership.id
            })
        };
        let is_cut = |one| network.is_cut(at, one) || network.is_cut(one, at);
        let mut members = membership.everybody().map(crate::world::at);
        let is_followed = members.all(|one| is_cut(one) || follows(&nodes[one]));
        (is_followed && membership.change.is_none()).then_some(at)
    }

    pub(crate) fn describe(nodes: &[Node], now: u64) -> String {
        let states: Vec<_> = nodes
            .iter()
            .enumerate()
            .map(|(at, node)| match &node.machine {
                Some(machine) => {
                    let status = machine.status(node.clock.monotonic(now));
                    format!(
                        "n{at}: term {}, acting {:?}, coordinator {:?}, membership {}, ready {}",
                        status.term,
                        status.acting,
                        status.coordinator,
                        status.membership,
                        status.is_ready
                    )
                }
                None => format!("n{at}: down"),
            })
            .collect();
        format!("no coordinator that all members follow:\n  {}", states.join("\n  "))
    }
}
