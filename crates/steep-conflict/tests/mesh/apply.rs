//! What the guard does: apply a transaction of another node, row by row.

use super::write::snapshot;
use super::{Key, Logged, Mesh, Register, Retraction, Sent, Tx};
use std::collections::BTreeSet;
use steep_conflict::{
    Action, Change, ChangeKind, Clues, Contender, Contest, Held, RowState, Version, contend,
    decide, saw_by_beat,
};
use steep_types::Xid;

impl Mesh {
    /// Applies the next transaction of `from`'s stream at `to`; `false` if there is none.
    pub fn deliver(&mut self, to: usize, from: usize) -> bool {
        let next = self.nodes[to].applied[from];
        let Some(tx) = self.streams[from].get(next).cloned() else { return false };
        // The clock rule: wait until the local clock has passed the transaction's timestamp.
        self.nodes[to].clock = self.nodes[to].clock.max(tx.ts + 1);
        let mut applying =
            Applying { to, from, xid: next as u64, own: BTreeSet::new(), retracted: Vec::new() };
        for sent in &tx.changes {
            self.apply(&mut applying, sent);
        }
        if let Some(seen) = tx.beat {
            for (echo, seen) in self.nodes[to].echoes[from].iter_mut().zip(seen) {
                *echo = (*echo).max(seen);
            }
        }
        self.nodes[to].applied[from] = next + 1;
        self.nodes[to].reached[from] = self.nodes[to].reached[from].max(next + 1);
        self.publish_retractions(to, applying.retracted);
        true
    }

    fn apply(&mut self, applying: &mut Applying, sent: &Sent) {
        let (to, policy) = (applying.to, self.policy(applying.to));
        self.nodes[to].known.insert(sent.write);
        let before = self.nodes[to].table.get(&sent.key).copied();
        let local = before.map_or(RowState::Absent, |reg| applying.state(sent.key, reg));
        let change = self.change(applying, sent, local, before);
        let decision = decide(&local, &change, &policy);
        if let Some(conflict) = decision.conflict {
            let kept = matches!(decision.action, Action::Skip | Action::Defer);
            let loser = if kept { sent.write } else { before.unwrap().write };
            self.nodes[to].log.push(Logged { key: sent.key, loser, conflict });
        }
        if matches!(decision.action, Action::Skip | Action::Defer) {
            return;
        }
        // A later change of the same transaction to the same row is the transaction's word on it.
        applying.retracted.retain(|lost| lost.key != sent.key);
        let mut register = Register {
            state: decision.state_after(local, &change),
            row: sent.row.or(before.and_then(|reg| reg.row)),
            write: sent.write,
            writer: (applying.from, applying.xid),
            frozen: false,
        };
        if register.state.is_live() && !self.contest(applying, sent, &change) {
            if !applying.retracted.iter().any(|lost| lost.key == sent.key) {
                return; // deferred
            }
            register.state = RowState::Retracted(Held::Known(sent.version));
        }
        applying.own.insert(sent.key);
        self.nodes[to].table.insert(sent.key, register);
    }

    fn change(
        &self,
        applying: &Applying,
        sent: &Sent,
        local: RowState,
        before: Option<Register>,
    ) -> Change {
        let here = before.filter(|reg| reg.state.is_live()).and_then(|reg| reg.row);
        let clues = Clues {
            old_row_is_local: Some(here == sent.old),
            remote_saw_local: before.is_some_and(|reg| self.saw(applying, reg)),
            local_saw_remote: false,
        };
        let mut change = Change::new(sent.kind, sent.version)
            .with_evidence(self.settings.detection.evidence(clues));
        change.resolves = sent.resolves;
        change.replayed = applying.xid < self.nodes[applying.to].reached[applying.from] as u64;
        change.identical = local.is_live() && here == sent.row;
        change
    }

    /// The heartbeat rule: the stream's latest beat echoes a snapshot in which the row was written.
    fn saw(&self, applying: &Applying, reg: Register) -> bool {
        let (writer, xid) = reg.writer;
        let echoed = self.nodes[applying.to].echoes[applying.from][writer];
        saw_by_beat(Some(&snapshot(echoed)), Xid::new(xid))
    }

    /// Whether the row may take its place among the holders of its unique values; queues losers.
    fn contest(&mut self, applying: &mut Applying, sent: &Sent, change: &Change) -> bool {
        let (to, policy) = (applying.to, self.policy(applying.to));
        let unique = sent.row.unwrap().unique;
        let holders: BTreeSet<Key> =
            (0..2).flat_map(|column| self.holders(to, sent.key, unique, column)).collect();
        let table = &self.nodes[to].table;
        let contenders: Vec<(Key, Register, Contender)> = holders
            .into_iter()
            .map(|key| {
                let reg = table[&key];
                (key, reg, Contender::new(applying.state(key, reg).held().unwrap()))
            })
            .collect();
        let contest = contend(change, contenders.iter().map(|(_, _, it)| *it), &policy);
        let log = |loser, key, conflict| Logged { key, loser, conflict };
        match contest {
            Contest::Clear => true,
            Contest::Won(conflict) => {
                for (key, reg, contender) in contenders {
                    if let Some(conflict) = conflict {
                        self.nodes[to].log.push(log(reg.write, key, conflict));
                    }
                    let version = contender.retracted_version(change, &policy);
                    self.retract(applying, Lost { key, version, register: reg });
                }
                true
            }
            Contest::Lost(conflict) => {
                self.nodes[to].log.push(log(sent.write, sent.key, conflict));
                let register = Register {
                    state: RowState::Absent,
                    row: sent.row,
                    write: sent.write,
                    writer: (to, 0),
                    frozen: false,
                };
                self.retract(applying, Lost { key: sent.key, version: sent.version, register });
                false
            }
            Contest::Deferred(conflict) => {
                self.nodes[to].log.push(log(sent.write, sent.key, conflict));
                false
            }
        }
    }

    fn retract(&mut self, applying: &mut Applying, lost: Lost) {
        let state = RowState::Retracted(Held::Known(lost.version));
        let writer = (applying.to, self.streams[applying.to].len() as u64);
        let register = Register { state, writer, frozen: false, ..lost.register };
        self.nodes[applying.to].table.insert(lost.key, register);
        applying.retracted.push(lost);
    }

    /// Tells the other nodes, in a transaction of this node's own.
    fn publish_retractions(&mut self, at: usize, retracted: Vec<Lost>) {
        if retracted.is_empty() || self.settings.retraction == Retraction::Unpublished {
            return;
        }
        self.nodes[at].clock += 1;
        let (ts, writer) = (self.nodes[at].clock, (at, self.streams[at].len() as u64));
        let changes = retracted.into_iter().map(|Lost { key, version, register }| {
            let kind = match self.settings.retraction {
                Retraction::OrdinaryDelete => ChangeKind::Delete,
                _ => ChangeKind::Retract,
            };
            let delete = kind == ChangeKind::Delete;
            let version = if delete { self.version(ts, at) } else { version };
            let reg = self.nodes[at].table.get_mut(&key).unwrap();
            reg.writer = writer;
            if delete {
                reg.state = RowState::Dead(Held::Known(version));
            }
            Sent {
                key,
                kind,
                row: register.row,
                old: register.row,
                version,
                write: register.write,
                resolves: false,
            }
        });
        let changes = changes.collect::<Vec<_>>();
        self.publish(at, Tx { ts, changes, beat: None });
    }
}

/// The transaction being applied.
struct Applying {
    to: usize,
    from: usize,
    xid: u64,
    own: BTreeSet<Key>,
    retracted: Vec<Lost>,
}

/// A row that lost a unique value.
struct Lost {
    key: Key,
    version: Version,
    register: Register,
}

impl Applying {
    /// What the guard can read of a row's version.
    fn state(&self, key: Key, reg: Register) -> RowState {
        let own = self.own.contains(&key);
        let held = |known| match known {
            _ if own => Held::Own,
            _ if reg.frozen => Held::Unknown,
            known => known,
        };
        match reg.state {
            RowState::Live(known) => RowState::Live(held(known)),
            RowState::Dead(known) => RowState::Dead(held(known)),
            RowState::Retracted(known) => RowState::Retracted(held(known)),
            RowState::Absent => RowState::Absent,
        }
    }
}
