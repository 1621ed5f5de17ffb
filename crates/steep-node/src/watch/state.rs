//! Where the node is in its life, from what was found.

use steep_ipc::NodeState;

use super::facts::Facts;

/// The state that the facts mean.
pub(super) fn of(facts: &Facts) -> NodeState {
    let Some(node) = &facts.node else { return NodeState::Uninitialized };
    let Some(local) = &node.local else { return NodeState::Uninitialized };
    match node.node(&local.node_id).map(|node| node.status.as_str()) {
        None => return NodeState::Uninitialized,
        Some("joining" | "catching_up") => return NodeState::Joining,
        Some("leaving" | "removed") => return NodeState::Leaving,
        Some(_) => {}
    }
    let mut found = node.subscriptions.iter().filter_map(|one| one.found.as_ref()).peekable();
    if found.peek().is_some() && found.all(|one| !one.is_enabled) {
        return NodeState::Paused;
    }
    NodeState::Online
}

#[cfg(test)]
mod tests {
    use super::super::checks::samples;
    use super::*;

    #[test]
    fn each_state_has_its_facts() {
        let with = |change: &dyn Fn(&mut Facts)| {
            let mut facts = samples::healthy();
            change(&mut facts);
            of(&facts)
        };
        assert_eq!(with(&|_| {}), NodeState::Online);
        assert_eq!(with(&|facts| facts.node = None), NodeState::Uninitialized);
        assert_eq!(with(&|facts| samples::node(facts).local = None), NodeState::Uninitialized);
        assert_eq!(with(&|facts| samples::incoming(facts).is_enabled = false), NodeState::Paused);
        assert_eq!(with(&|facts| samples::node(facts).subscriptions.clear()), NodeState::Online);
        for (status, state) in
            [("catching_up", NodeState::Joining), ("leaving", NodeState::Leaving)]
        {
            let changed = with(&|facts| samples::node(facts).nodes[0].status = status.into());
            assert_eq!(changed, state);
        }
    }
}
