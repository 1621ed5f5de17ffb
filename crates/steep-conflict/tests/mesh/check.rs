//! What must be true of a mesh in which everything was delivered.

use super::{Key, Mesh, Row, Sent};
use std::collections::{BTreeMap, BTreeSet};
use steep_conflict::{ChangeKind, Held, Resolution};

/// The rows a user sees.
pub type Image = BTreeMap<Key, Row>;

impl Mesh {
    pub fn image(&self, at: usize) -> Image {
        let live = self.nodes[at].table.iter().filter(|(_, reg)| reg.state.is_live());
        live.map(|(key, reg)| (*key, reg.row.unwrap())).collect()
    }

    pub fn converged(&self) -> bool {
        (1..self.size()).all(|at| self.image(at) == self.image(0))
    }

    #[track_caller]
    pub fn assert_converged(&self) {
        for at in 1..self.size() {
            assert_eq!(self.image(at), self.image(0), "node {at} differs from node 0");
        }
    }

    /// The greatest version of each key among everything that was ever sent.
    pub fn winners(&self) -> BTreeMap<Key, Sent> {
        let mut winners: BTreeMap<Key, Sent> = BTreeMap::new();
        for sent in self.streams.iter().flatten().flat_map(|tx| &tx.changes) {
            let rank = |sent: &Sent| (sent.version, sent.kind == ChangeKind::Retract);
            // Of equal versions, which are one origin's, the later in the stream wins.
            match winners.get(&sent.key) {
                Some(best) if rank(best) > rank(sent) => {}
                _ => {
                    winners.insert(sent.key, sent.clone());
                }
            }
        }
        winners
    }

    /// The rows that must remain.
    pub fn expected(&self) -> Image {
        let winners = self.winners().into_iter();
        winners
            .filter(|(_, sent)| matches!(sent.kind, ChangeKind::Insert | ChangeKind::Update))
            .map(|(key, sent)| (key, sent.row.unwrap()))
            .collect()
    }

    #[track_caller]
    pub fn assert_unique(&self) {
        for at in 0..self.size() {
            let image = self.image(at);
            for column in 0..2 {
                let values: Vec<u8> = image.values().filter_map(|row| row.unique[column]).collect();
                let distinct: BTreeSet<u8> = values.iter().copied().collect();
                assert_eq!(values.len(), distinct.len(), "node {at} column {column}: {image:?}");
            }
        }
    }

    #[track_caller]
    pub fn assert_nothing_pending(&self) {
        for logged in self.nodes.iter().flat_map(|node| &node.log) {
            assert_ne!(logged.conflict.resolution, Resolution::Pending, "{logged:?}");
        }
    }

    /// Writes that no later write of their key knew of, and that did not win.
    pub fn losing_heads(&self) -> BTreeSet<u32> {
        let winners: BTreeSet<u32> = self.winners().values().map(|sent| sent.write).collect();
        let overwritten = |head: u32, key: Key| {
            self.writes.iter().any(|(other, _, known)| *other == key && known.contains(&head))
        };
        let heads = (0_u32..).zip(&self.writes);
        heads
            .filter(|(head, (key, ..))| !winners.contains(head) && !overwritten(*head, *key))
            .map(|(head, _)| head)
            .collect()
    }

    pub fn logged_losers(&self) -> BTreeSet<u32> {
        self.nodes.iter().flat_map(|node| &node.log).map(|logged| logged.loser).collect()
    }

    pub fn log_len(&self) -> usize {
        self.nodes.iter().map(|node| node.log.len()).sum()
    }

    pub fn log_set(&self, at: usize) -> BTreeSet<String> {
        self.nodes[at].log.iter().map(|logged| format!("{logged:?}")).collect()
    }

    /// The version a node holds under a key, if it is known.
    pub fn held(&self, at: usize, key: Key) -> Option<Held> {
        self.nodes[at].table.get(&key).and_then(|reg| reg.state.held())
    }
}
