//! A group of nodes as a deterministic machine: disks, messages that get lost, overtake each other
//! and come twice, crashes between any two steps, restores, joins.
//!
//! Nothing here knows how ids are kept apart. It records what nodes hand out, and complains.
#![allow(dead_code, unreachable_pub, unused_imports, reason = "each test uses a part of it")]

mod check;
mod lifecycle;
mod operation;
mod step;

pub use operation::{Crash, Operation, config, operations};

use std::collections::BTreeMap;
use steep_ranges::{Allocator, Grant, IdRange, Position, Request, Row, Space, State};
use steep_types::NodeId;

/// 70 blocks of 4 ids; the last one has 3.
pub fn space() -> Space {
    Space::new(IdRange::new(1, 279).unwrap(), 4).unwrap()
}

pub fn id(at: usize) -> NodeId {
    NodeId::new(&format!("n{at}")).unwrap()
}

/// What survives a crash.
#[derive(Clone, Debug)]
pub struct Disk {
    pub state: State,
    pub unheard: Vec<NodeId>,
    pub position: Position,
}

#[derive(Clone, Debug)]
pub struct Node {
    pub disk: Disk,
    /// Nothing while the node is down.
    pub allocator: Option<Allocator>,
    pub backups: Vec<Disk>,
}

#[derive(Clone, Debug)]
pub struct Message {
    pub from: usize,
    pub to: usize,
    pub body: Body,
}

#[derive(Clone, Debug)]
pub enum Body {
    Ask(Request),
    Rows(Vec<Row>),
    Knows(State),
}

#[derive(Clone, Debug)]
pub struct Group {
    pub nodes: Vec<Node>,
    pub network: Vec<Message>,
    /// Every grant that was recorded by its granter, by first id.
    pub granted: BTreeMap<i64, Grant>,
    /// Every id that was drawn, with the node that drew it.
    pub drawn: BTreeMap<i64, usize>,
}

impl Group {
    pub fn found(size: usize) -> Self {
        let ids: Vec<_> = (0..size).map(id).collect();
        let state = State::found(space(), &ids).unwrap();
        let mut group = Self {
            nodes: Vec::new(),
            network: Vec::new(),
            granted: BTreeMap::new(),
            drawn: BTreeMap::new(),
        };
        for _ in ids {
            group.add_node(state.clone());
        }
        group
    }

    /// Runs all of `operations`, and looks after each one whether everything still holds.
    pub fn run(size: usize, operations: &[Operation]) -> Self {
        let mut group = Self::found(size);
        for operation in operations {
            group.step(operation);
            group.check();
        }
        group
    }

    fn add_node(&mut self, state: State) {
        let allocator = Some(Allocator::open(id(self.nodes.len()), state.clone()));
        let disk = Disk { state, unheard: Vec::new(), position: Position::Fresh };
        self.nodes.push(Node { disk, allocator, backups: Vec::new() });
    }

    pub fn allocator(&mut self, at: usize) -> Option<&mut Allocator> {
        self.nodes[at].allocator.as_mut()
    }

    pub fn send(&mut self, from: usize, to: usize, body: Body) {
        if from != to {
            self.network.push(Message { from, to, body });
        }
    }

    /// Writes rows to disk, and to the record of all grants if this node made them.
    pub fn record(&mut self, at: usize, rows: &[Row]) {
        for row in rows {
            self.nodes[at].disk.state.merge_row(row).unwrap();
            match row {
                Row::Grant(grant) if grant.granter == id(at) => self.note(grant),
                _ => {}
            }
        }
    }

    /// What was learned from others is written as the allocator has it: it may have changed it.
    pub fn record_all(&mut self, at: usize) {
        let node = &mut self.nodes[at];
        if let Some(allocator) = &node.allocator {
            node.disk.state = allocator.state().clone();
            node.disk.unheard = allocator.unheard().cloned().collect();
        }
    }

    fn note(&mut self, new: &Grant) {
        let is_same = |old: &Grant| old.range == new.range && old.holder == new.holder;
        for old in self.granted.values().filter(|old| old.range.overlaps(new.range)) {
            let again = is_same(old) && old.granter == new.granter && old.request == new.request;
            assert!(again, "granted twice: {new}, after {old}");
        }
        self.granted.insert(new.range.start(), new.clone());
    }
}
