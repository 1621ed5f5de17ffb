//! A cluster in memory: nodes with clocks, tables and logs, and one ordered stream from each node.
//!
//! The model keeps the rules the crate's theorem assumes and nothing else: streams are FIFO per
//! origin, clocks are as skewed as you like, and before a transaction is applied the local clock
//! passes its timestamp. Everything a node decides, it decides through the crate's public functions.
#![allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    reason = "each test binary uses its own part of the model"
)]

mod apply;
mod check;
mod operation;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use steep_conflict::{
    ChangeKind, Conflict, Detection, Origin, Origins, Policy, RowState, Strategy, Version,
};
use steep_types::{CommitTs, NodeId, Priority};

pub use check::Image;
pub use operation::{Edit, Operation, Profile, config, operations};

pub type Key = u8;

/// A row: two unique columns besides the key, and the id of the write that made it, so that no two
/// writes make the same row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    pub unique: [Option<u8>; 2],
    pub write: u32,
}

/// One change in a stream.
#[derive(Clone, Debug)]
pub struct Sent {
    pub key: Key,
    pub kind: ChangeKind,
    pub row: Option<Row>,
    pub old: Option<Row>,
    pub version: Version,
    pub write: u32,
    pub resolves: bool,
}

/// A heartbeat: for each node, up to which transaction its own snapshot was seen.
pub type Seen = Vec<u64>;

/// One transaction in a stream; its xid is its place there.
#[derive(Clone, Debug)]
pub struct Tx {
    pub ts: i64,
    pub changes: Vec<Sent>,
    pub beat: Option<Seen>,
}

/// What a node holds under one key.
#[derive(Clone, Copy, Debug)]
pub struct Register {
    pub state: RowState,
    /// The row, or the row kept with the tombstone.
    pub row: Option<Row>,
    pub write: u32,
    /// The node and xid that wrote it.
    pub writer: (usize, u64),
    /// Vacuum froze it and its commit timestamp is gone.
    pub frozen: bool,
}

#[derive(Clone, Debug)]
pub struct Logged {
    pub key: Key,
    pub loser: u32,
    pub conflict: Conflict,
}

#[derive(Clone, Debug)]
pub struct Node {
    pub clock: i64,
    pub table: BTreeMap<Key, Register>,
    /// How much of each stream was applied.
    pub applied: Vec<usize>,
    /// How much of each stream was ever applied.
    pub reached: Vec<usize>,
    /// `echoes[p][o]`: node `p`'s latest beat applied here echoes this snapshot of node `o`.
    pub echoes: Vec<Seen>,
    /// All writes this node knows of.
    pub known: BTreeSet<u32>,
    pub log: Vec<Logged>,
    pub horizon: i64,
}

/// How the loss of a unique value is told to the other nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retraction {
    /// As the crate asks: a retraction of the version that lost.
    Withdraw,
    /// As a new delete by the resolving node.
    OrdinaryDelete,
    /// Not at all.
    Unpublished,
}

#[derive(Clone, Copy, Debug)]
pub struct Settings {
    pub strategy: Strategy,
    pub detection: Detection,
    pub retraction: Retraction,
    pub priorities: [i32; 4],
    /// No key is inserted twice, by whomever.
    pub keys_are_fresh: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            strategy: Strategy::LastWriteWins,
            detection: Detection::Default,
            retraction: Retraction::Withdraw,
            priorities: [10, 90, 10, 50],
            keys_are_fresh: false,
        }
    }
}

#[derive(Clone, Debug)]
pub struct Mesh {
    pub nodes: Vec<Node>,
    pub streams: Vec<Vec<Tx>>,
    /// For each write: its key, its kind, and all it could know of.
    pub writes: Vec<(Key, ChangeKind, BTreeSet<u32>)>,
    pub settings: Settings,
    origins: Vec<Origin>,
}

impl Mesh {
    pub fn new(size: usize, settings: Settings) -> Self {
        let name = |ix: usize| NodeId::new(&format!("node-{}", size - ix)).unwrap();
        let priority = |ix| Priority::new(settings.priorities[ix]);
        let order = Origins::new((0..size).map(|ix| (name(ix), priority(ix)))).unwrap();
        let node = Node {
            clock: 1,
            table: BTreeMap::new(),
            applied: vec![0; size],
            reached: vec![0; size],
            echoes: vec![vec![0; size]; size],
            known: BTreeSet::new(),
            log: Vec::new(),
            horizon: i64::MIN,
        };
        Self {
            nodes: vec![node; size],
            streams: vec![Vec::new(); size],
            writes: Vec::new(),
            settings,
            origins: (0..size).map(|ix| order.origin(&name(ix)).unwrap()).collect(),
        }
    }

    pub fn size(&self) -> usize {
        self.nodes.len()
    }

    pub fn version(&self, ts: i64, node: usize) -> Version {
        Version::new(CommitTs::from_micros(ts), self.origins[node])
    }

    fn policy(&self, node: usize) -> Policy {
        let horizon = CommitTs::from_micros(self.nodes[node].horizon);
        Policy::new(self.settings.strategy, self.settings.detection, horizon).unwrap()
    }
}
