//! What must hold after every step.

use super::{Group, Node, id, space};
use steep_ranges::{State, Title};

impl Group {
    pub fn check(&self) {
        self.assert_recorded();
        self.assert_one_owner_each();
        self.assert_drawn_ids_are_their_holders();
    }

    /// What a node acts on is what it would find after a crash.
    fn assert_recorded(&self) {
        for (at, node) in self.nodes.iter().enumerate() {
            if let Some(allocator) = &node.allocator {
                assert_eq!(allocator.state(), &node.disk.state, "{} acts on more", id(at));
            }
        }
    }

    /// No two nodes would grant from one block, whatever each of them has heard.
    fn assert_one_owner_each(&self) {
        for block in 0..space().blocks() {
            let nodes = self.nodes.iter().enumerate();
            let claims = |(at, node): (usize, &Node)| {
                (node.disk.unheard.is_empty() && claims(&node.disk.state, at, block)).then_some(at)
            };
            let owners: Vec<_> = nodes.filter_map(claims).collect();
            assert!(owners.len() <= 1, "block {block} is claimed by {owners:?}");
        }
    }

    fn assert_drawn_ids_are_their_holders(&self) {
        for (drawn, at) in &self.drawn {
            let grants = self.granted.values().filter(|grant| grant.range.contains(*drawn));
            let holders: Vec<_> = grants.map(|grant| &grant.holder).collect();
            assert_eq!(holders, [&id(*at)], "{drawn} was drawn by {}", id(*at));
        }
    }

    /// Everybody knows the same; all rows of all nodes agree, in whatever order they are merged.
    pub fn assert_agreed(&self) {
        let states: Vec<_> = self.nodes.iter().map(|node| &node.disk.state).collect();
        for state in &states {
            assert_eq!(*state, states[0]);
        }
        for block in 0..space().blocks() {
            let owners = (0..self.nodes.len()).filter(|at| claims(states[0], *at, block)).count();
            assert_eq!(owners, 1, "block {block} has {owners} owners");
        }
    }

    /// Grants all that is left: nothing is lost, nothing is granted twice.
    pub fn drain(&mut self) {
        let ids: Vec<_> = (0..self.nodes.len()).map(id).collect();
        while let Some(granter) = self.nodes[0].disk.state.granter(&ids).cloned() {
            let at = ids.iter().position(|id| *id == granter).unwrap();
            let crash = super::Crash::No;
            self.step(&super::Operation::Ask { at, to: at, size: 4, crash });
            let knows = self.nodes[at].disk.state.clone();
            self.allocator(0).unwrap().merge(&knows).unwrap();
            self.record_all(0);
        }
        assert_eq!(self.nodes[0].disk.state.left(), 0, "free ids that nobody owns");
    }
}

/// By the definition of a title, not by the way the crate looks it up.
fn claims(state: &State, at: usize, block: u64) -> bool {
    let is_about = |title: &&Title| title.stripe.contains(block) && title.from_block <= block;
    let last = state.titles().filter(is_about).max_by_key(|title| title.generation);
    last.is_some_and(|title| title.owner == id(at))
}
