//! The slots that peers hold, and the WAL that is kept for them.

use steep_ipc::{Check, Level};
use steep_pg::slots::{PREFIX, Slot};

use super::{Inputs, bytes, check, threshold, with_hint};
use crate::names::of_node as slot_of;
use crate::watch::facts::NodeFacts;

pub(super) fn all<'a>(
    node: &'a NodeFacts,
    inputs: &'a Inputs<'a>,
) -> impl Iterator<Item = Check> + use<'a> {
    let held = node.slots.iter().filter(|slot| slot.name.starts_with(PREFIX));
    held.map(move |slot| judge(slot, node, inputs)).chain(missing(node))
}

/// Peers that should hold a slot here and do not. They make it when this node has joined, and drop it
/// when it leaves. Of a node that has not said yet what it is nothing is missing: it begins to join.
fn missing(node: &NodeFacts) -> impl Iterator<Item = Check> {
    let is_settled = node
        .own_status()
        .is_some_and(|own| !matches!(own, "joining" | "catching_up" | "leaving" | "removed"));
    let peers = node.peers().into_iter().filter(move |peer| is_settled && peer.status == "online");
    peers.filter(|peer| !node.slots.iter().any(|slot| slot.name == slot_of(&peer.node_id))).map(
        |peer| {
            let (id, slot) = (&peer.node_id, slot_of(&peer.node_id));
            let lacks =
                format!("node {id} has no slot {slot} here: it gets no changes of this node");
            with_hint(
                check(format!("slot:{id}"), Level::Critical, lacks),
                format!("remove node {id} and let it join again"),
            )
        },
    )
}

fn judge(slot: &Slot, node: &NodeFacts, inputs: &Inputs<'_>) -> Check {
    let (name, kept) = (&slot.name, bytes(slot.retained_bytes));
    let Some(peer) = node.nodes.iter().find(|peer| slot_of(&peer.node_id) == *name) else {
        return with_hint(
            check(
                format!("slot:{}", name.trim_start_matches(PREFIX)),
                Level::Warning,
                format!("slot {name} belongs to no known node and keeps {kept} of WAL"),
            ),
            format!("once no join is running: select pg_drop_replication_slot('{name}')"),
        );
    };
    let (id, title) = (&peer.node_id, format!("slot:{}", peer.node_id));
    if slot.wal_status == "lost" {
        let why = slot.invalidation_reason.as_deref().unwrap_or("its WAL was removed");
        return with_hint(
            check(title, Level::Critical, format!("slot {name} of node {id} is lost: {why}")),
            format!("node {id} has missed changes: remove it and let it join again"),
        );
    }
    if slot.wal_status == "unreserved" {
        return with_hint(
            check(title, Level::Critical, format!("slot {name} of node {id} is about to be lost")),
            format!("let node {id} catch up at once, or raise max_slot_wal_keep_size"),
        );
    }
    let limits = inputs.limits;
    let before = inputs.memory.level(&title);
    let level =
        threshold::level(slot.retained_bytes, limits.slot_warning, limits.slot_critical, before);
    // It reads from here when it has its rows.
    let is_joining = node.joining.iter().any(|joining| joining.node_id == *id);
    if level > Level::Ok {
        return with_hint(
            check(title, level, format!("{kept} of WAL are kept for node {id}")),
            match is_joining {
                true => {
                    format!("see steep-replctl node status on node {id}, and the check join:{id}")
                }
                false => {
                    format!(
                        "see whether node {id} runs and applies; if it never comes back, remove it"
                    )
                }
            },
        );
    }
    if is_joining && !slot.is_active {
        return check(title, Level::Ok, format!("node {id} is joining; {kept} of WAL are kept"));
    }
    if !slot.is_active {
        return with_hint(
            check(
                title,
                Level::Warning,
                format!("node {id} is not connected; {kept} of WAL are kept"),
            ),
            format!("see whether node {id} runs and its subscription is enabled"),
        );
    }
    check(title, Level::Ok, format!("node {id} is connected; {kept} of WAL are kept"))
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    fn level(change: impl Fn(&mut Slot)) -> Level {
        let mut facts = samples::healthy();
        change(&mut samples::node(&mut facts).slots[0]);
        samples::judged(&facts)
            .iter()
            .find(|one| one.name.starts_with("slot:"))
            .expect("there")
            .level
    }

    #[test]
    fn wal_that_piles_up_is_told_before_it_is_too_late() {
        assert_eq!(level(|_| {}), Level::Ok);
        assert_eq!(level(|slot| slot.is_active = false), Level::Warning);
        assert_eq!(level(|slot| slot.retained_bytes = 2 << 30), Level::Warning);
        assert_eq!(level(|slot| slot.retained_bytes = 11 << 30), Level::Critical);
        assert_eq!(level(|slot| slot.wal_status = "unreserved".into()), Level::Critical);
        assert_eq!(level(|slot| slot.wal_status = "lost".into()), Level::Critical);
    }

    #[test]
    fn a_slot_of_nobody_is_told() {
        assert_eq!(level(|slot| slot.name = "steep_repl_ghost".into()), Level::Warning);
    }

    #[test]
    fn other_slots_are_not_ours_to_judge() {
        let mut facts = samples::healthy();
        samples::node(&mut facts).slots[0].name = "somebody_else_s".into();
        let checks = samples::judged(&facts);
        assert!(checks.iter().all(|one| one.name != "slot:somebody_else_s"));
    }

    #[test]
    fn an_online_peer_without_a_slot_is_told() {
        let mut facts = samples::healthy();
        samples::node(&mut facts).slots.clear();
        samples::node(&mut facts).nodes[1].status = "online".into();
        let told = |facts: &_| {
            let checks = samples::judged(facts).into_iter();
            checks.filter(|one| one.name == "slot:b").map(|one| one.level).next()
        };
        assert_eq!(told(&facts), Some(Level::Critical));
        for status in ["joining", "leaving"] {
            samples::node(&mut facts).nodes[0].status = status.into();
            assert_eq!(told(&facts), None, "this node is {status}");
        }
        samples::node(&mut facts).nodes.remove(0);
        assert_eq!(told(&facts), None, "this node is about to say what it is");
    }
}
