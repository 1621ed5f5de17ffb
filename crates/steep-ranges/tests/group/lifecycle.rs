//! Nodes that come, die, come back, and come back older than they were.

use super::{Group, id, space};
use steep_ranges::{Allocator, Position, State};

impl Group {
    /// A node that joins knows nothing, and owns nothing until somebody shares.
    pub fn join(&mut self) {
        if self.nodes.len() < 6 {
            self.add_node(State::empty(space()));
        }
    }

    pub fn crash(&mut self, at: usize) {
        self.nodes[at].allocator = None;
    }

    pub fn start(&mut self, at: usize) {
        let node = &mut self.nodes[at];
        if node.allocator.is_some() {
            return;
        }
        let (state, unheard) = (node.disk.state.clone(), node.disk.unheard.clone());
        node.allocator = Some(if unheard.is_empty() {
            Allocator::open(id(at), state)
        } else {
            Allocator::restored(id(at), state, unheard)
        });
        self.record_all(at);
    }

    pub fn back_up(&mut self, at: usize) {
        let disk = self.nodes[at].disk.clone();
        self.nodes[at].backups.push(disk);
    }

    /// One node at a time: see the limits in docs/protocol/ranges.md.
    pub fn restore(&mut self, at: usize, nth: usize) {
        let is_alone = self.nodes.iter().all(|node| node.disk.unheard.is_empty());
        let count = self.nodes[at].backups.len();
        if !is_alone || count == 0 {
            return;
        }
        let peers: Vec<_> = (0..self.nodes.len()).filter(|peer| *peer != at).map(id).collect();
        let node = &mut self.nodes[at];
        node.disk = node.backups[nth % count].clone();
        node.disk.unheard = peers.clone();
        node.allocator = Some(Allocator::restored(id(at), node.disk.state.clone(), peers));
        self.record_all(at);
        self.forget_lost(at);
    }

    /// A restored node hears a peer, which first makes sure that nothing older is on its way to it.
    pub fn hear(&mut self, at: usize, from: usize) {
        let peer = id(from);
        let waits = self.nodes[at].disk.unheard.contains(&peer);
        if !waits || self.nodes[at].allocator.is_none() || self.nodes[from].allocator.is_none() {
            return;
        }
        self.network.retain(|message| (message.from, message.to) != (at, from));
        let knows = self.nodes[from].disk.state.clone();
        self.nodes[at].allocator.as_mut().unwrap().heard(&peer, &knows).unwrap();
        self.record_all(at);
        self.forget_lost(at);
    }

    /// Once a restored node has heard everybody, what nobody knows of any more never happened:
    /// rows with such ids were on this node only, and went with it.
    fn forget_lost(&mut self, at: usize) {
        if !self.nodes[at].disk.unheard.is_empty() {
            return;
        }
        let known = |disk: &State, start: i64| disk.grant_of(start).is_some();
        let lost = self.granted.values().filter(|grant| {
            grant.granter == id(at) && !known(&self.nodes[at].disk.state, grant.range.start())
        });
        for grant in lost.cloned().collect::<Vec<_>>() {
            for node in &self.nodes {
                let still = known(&node.disk.state, grant.range.start());
                assert!(!still, "{grant} was forgotten by its granter alone");
            }
            self.drawn.retain(|drawn, _| !grant.range.contains(*drawn));
            self.granted.remove(&grant.range.start());
        }
    }

    /// Ends all faults: everybody is up, nobody waits, and everybody knows everything.
    pub fn heal(&mut self) {
        self.network.clear();
        let everyone = 0..self.nodes.len();
        everyone.clone().for_each(|at| self.start(at));
        for (at, from) in everyone.clone().flat_map(|at| everyone.clone().map(move |to| (at, to))) {
            self.hear(at, from);
        }
        for (at, from) in everyone.clone().flat_map(|at| everyone.clone().map(move |to| (at, to))) {
            let knows = self.nodes[from].disk.state.clone();
            self.allocator(at).unwrap().merge(&knows).unwrap();
            self.record_all(at);
        }
        for at in everyone {
            let first = self.nodes[0].disk.state.clone();
            self.allocator(at).unwrap().merge(&first).unwrap();
            self.record_all(at);
            assert!(self.nodes[at].disk.unheard.is_empty());
        }
    }

    pub fn position(&self, at: usize) -> Position {
        self.nodes[at].disk.position
    }
}
