//! Nodes that join with the help of this one.

use steep_ipc::{Check, Level};
use steep_pg::nodes::Joining;

use super::{Inputs, bytes, check, span, with_hint};
use crate::names::of_node as slot_of;
use crate::watch::facts::NodeFacts;

/// Seconds after which somebody should have a look whether a node still joins: it has waited for
/// another one for as long at most.
const LONG: f64 = 24.0 * 3600.0;

pub(super) fn all<'a>(
    node: &'a NodeFacts,
    inputs: &'a Inputs<'a>,
) -> impl Iterator<Item = Check> + use<'a> {
    node.joining.iter().map(move |joining| judge(joining, node, inputs))
}

/// A joiner that vanished leaves what was prepared for it, and keeps others from joining: only its
/// own daemon undoes an attempt by itself.
fn judge(joining: &Joining, node: &NodeFacts, inputs: &Inputs<'_>) -> Check {
    let (id, title) = (&joining.node_id, format!("join:{}", joining.node_id));
    let slot = node.slots.iter().find(|slot| slot.name == slot_of(id));
    let kept = bytes(slot.map_or(0, |slot| slot.retained_bytes));
    let since = span(joining.age_seconds);
    let remove = format!("steep-replctl node remove {id} --force");
    let threshold = inputs.limits.peer_threshold;
    if inputs.peers.get(id).is_some_and(|health| health.failures >= threshold) {
        return with_hint(
            check(
                title,
                Level::Warning,
                format!(
                    "node {id} began to join {since} ago and its daemon does not answer: {kept} of \
                     WAL are kept for it, and no other node can join"
                ),
            ),
            format!(
                "start steep-repl on node {id}, which undoes what it has begun or carries it on; if \
                 the node is gone for good: {remove}"
            ),
        );
    }
    if joining.age_seconds > LONG {
        return with_hint(
            check(
                title,
                Level::Warning,
                format!("node {id} has been joining for {since}: {kept} of WAL are kept for it"),
            ),
            format!(
                "see steep-replctl node status there; if it does not join any more, as after its \
                 database was made anew: {remove}"
            ),
        );
    }
    let told = format!("node {id} has been joining for {since}; {kept} of WAL are kept for it");
    check(title, Level::Ok, told)
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;
    use crate::watch::peers::PeerHealth;
    use std::collections::BTreeMap;

    /// What is told of a node `b` that joins: of its attempt, its slot and its daemon.
    fn told(age_seconds: f64, failures: u32) -> Vec<Check> {
        let mut facts = samples::healthy();
        let node = samples::node(&mut facts);
        node.nodes[1].status = "joining".into();
        node.slots[0].is_active = false;
        node.joining = vec![Joining { node_id: "b".into(), age_seconds }];
        let health = PeerHealth { failures, ..PeerHealth::default() };
        let checks = samples::judged_with(&facts, &BTreeMap::from([("b".to_owned(), health)]));
        let is_about = |one: &Check| {
            ["join:b", "slot:b", "peer:b"].contains(&one.name.as_str()) && one.level > Level::Ok
        };
        checks.into_iter().filter(is_about).collect()
    }

    #[test]
    fn an_ordinary_join_is_no_trouble() {
        assert_eq!(told(600.0, 0), []);
        assert_eq!(told(600.0, 2), [], "a daemon may miss a question");
    }

    #[test]
    fn a_joiner_that_vanished_is_told_with_what_it_costs_and_the_way_out() {
        let told = told(7300.0, 3);
        let [one] = told.as_slice() else { panic!("{told:?}") };
        let message = "node b began to join 2 h 1 min ago and its daemon does not answer: 1.0 MB of \
                       WAL are kept for it, and no other node can join";
        assert_eq!((one.level, one.message.as_str()), (Level::Warning, message));
        let hint = one.hint.as_deref().unwrap_or_default();
        assert!(hint.ends_with("steep-replctl node remove b --force"), "{hint}");
    }

    #[test]
    fn an_attempt_that_nobody_ends_is_told_some_day() {
        let told = told(100_000.0, 0);
        assert!(told[0].message.contains("has been joining for 27 h 46 min"), "{told:?}");
    }
}
