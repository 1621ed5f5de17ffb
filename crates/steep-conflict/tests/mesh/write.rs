//! Transactions of users, and what a node does on its own account.

use super::{Edit, Key, Mesh, Register, Row, Sent, Tx};
use steep_conflict::{ChangeKind, Held, RowState, may_prune};
use steep_types::{Snapshot, Xid};

impl Mesh {
    /// A user's transaction: each edit updates, inserts or deletes, whichever the table allows.
    /// The clock advances by `tick` before it commits.
    pub fn commit(&mut self, at: usize, edits: &[Edit], tick: i64) {
        self.nodes[at].clock += tick;
        let ts = self.nodes[at].clock;
        let changes: Vec<_> = edits.iter().filter_map(|edit| self.edit(at, *edit, ts)).collect();
        if !changes.is_empty() {
            self.publish(at, Tx { ts, changes, beat: None });
        }
    }

    fn edit(&mut self, at: usize, edit: Edit, ts: i64) -> Option<Sent> {
        let Edit { key, delete, unique } = edit;
        let version = self.version(ts, at);
        let write = u32::try_from(self.writes.len()).unwrap();
        let before = self.nodes[at].table.get(&key).copied();
        let old = before.filter(|reg| reg.state.is_live()).and_then(|reg| reg.row);
        let kind = match (delete, old) {
            (true, None) => return None,
            (true, Some(_)) => ChangeKind::Delete,
            (false, None) if self.settings.keys_are_fresh && self.was_inserted(key) => return None,
            (false, None) => ChangeKind::Insert,
            (false, Some(_)) => ChangeKind::Update,
        };
        let free = |column: usize| {
            unique[column].filter(|_| self.holders(at, key, unique, column).next().is_none())
        };
        let row = (!delete).then(|| Row { unique: [free(0), free(1)], write });
        let held = Held::Known(version);
        let register = Register {
            state: if delete { RowState::Dead(held) } else { RowState::Live(held) },
            row: row.or(old),
            write,
            writer: (at, self.streams[at].len() as u64),
            frozen: false,
        };
        self.writes.push((key, kind, self.nodes[at].known.clone()));
        self.nodes[at].known.insert(write);
        self.nodes[at].table.insert(key, register);
        Some(Sent { key, kind, row, old, version, write, resolves: false })
    }

    /// The live rows other than `key` that hold the value of `unique` in `column`.
    pub fn holders(
        &self,
        at: usize,
        key: Key,
        unique: [Option<u8>; 2],
        column: usize,
    ) -> impl Iterator<Item = Key> {
        let live = self.nodes[at].table.iter().filter(|(_, reg)| reg.state.is_live());
        live.filter(move |(other, reg)| {
            let theirs = reg.row.and_then(|row| row.unique[column]);
            **other != key && theirs.is_some() && theirs == unique[column]
        })
        .map(|(other, _)| *other)
    }

    fn was_inserted(&self, key: Key) -> bool {
        self.writes.iter().any(|(written, kind, _)| *written == key && *kind == ChangeKind::Insert)
    }

    /// A person settles what is pending under a key by writing a row that is new to all nodes.
    pub fn resolve(&mut self, at: usize, key: Key) {
        self.commit(at, &[Edit { key, delete: false, unique: [None; 2] }], 1);
        for sent in self.streams[at].last_mut().into_iter().flat_map(|tx| &mut tx.changes) {
            sent.resolves = true;
        }
    }

    /// Writes a heartbeat: this node's snapshot, and the latest of each peer it has applied.
    pub fn beat(&mut self, at: usize) {
        let mut seen: Vec<u64> = (0..self.size()).map(|o| self.nodes[at].echoes[o][o]).collect();
        seen[at] = self.streams[at].len() as u64;
        let ts = self.nodes[at].clock;
        self.publish(at, Tx { ts, changes: Vec::new(), beat: Some(seen) });
    }

    /// Appends to the node's stream; what it writes itself it has applied.
    pub fn publish(&mut self, at: usize, tx: Tx) {
        self.streams[at].push(tx);
        self.nodes[at].applied[at] = self.streams[at].len();
    }

    /// Drops every tombstone that the rule lets go.
    pub fn prune(&mut self, at: usize) {
        let node = &self.nodes[at];
        let gone: Vec<Key> = node
            .table
            .iter()
            .filter(|(_, reg)| self.prunable(at, reg))
            .map(|(key, _)| *key)
            .collect();
        for key in gone {
            self.nodes[at].table.remove(&key);
        }
    }

    fn prunable(&self, at: usize, reg: &Register) -> bool {
        let (writer, xid) = reg.writer;
        let others = (0..self.size()).filter(|peer| *peer != at && *peer != writer);
        let echoes: Vec<_> =
            others.map(|peer| snapshot(self.nodes[at].echoes[peer][writer])).collect();
        !reg.state.is_live() && may_prune(Xid::new(xid), echoes.iter().map(Some))
    }

    /// `VACUUM FREEZE`, with commit timestamps below `horizon` cut off.
    pub fn freeze(&mut self, at: usize, horizon: i64) {
        let node = &mut self.nodes[at];
        node.horizon = node.horizon.max(horizon);
        for reg in node.table.values_mut() {
            if let Some(Held::Known(version)) = reg.state.held() {
                reg.frozen |= version.ts.as_micros() < node.horizon;
            }
        }
    }

    /// The latest horizon the theorem allows: nothing stamped below it can arrive any more.
    pub fn allowed_horizon(&self, at: usize) -> i64 {
        let clocks = self.nodes.iter().map(|node| node.clock);
        let pending =
            (0..self.size()).flat_map(|from| &self.streams[from][self.nodes[at].applied[from]..]);
        clocks.chain(pending.map(|tx| tx.ts)).min().unwrap()
    }
}

/// The snapshot in which the first `xids` transactions of a node had finished.
pub fn snapshot(xids: u64) -> Snapshot {
    Snapshot::new(Xid::new(xids), Xid::new(xids), Vec::new()).unwrap()
}
