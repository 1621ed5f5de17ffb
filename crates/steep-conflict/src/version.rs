use crate::Origin;
use core::cmp::Ordering;
use steep_types::CommitTs;

/// Which write of a row this is: when its transaction committed, and on which node.
///
/// Versions are totally ordered: commit timestamp first, then the place of the origin in
/// [`Origins`](crate::Origins), which is node priority and then node id. The node that compares
/// plays no part, so every node finds the same order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// When the write committed, by the clock of its origin.
    pub ts: CommitTs,
    /// Where the write was made.
    pub origin: Origin,
}

impl Version {
    /// The write of a transaction that committed at `ts` on `origin`.
    #[must_use]
    pub const fn new(ts: CommitTs, origin: Origin) -> Self {
        Self { ts, origin }
    }
}

/// What this node knows about the version of a row or tombstone it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Held {
    /// Read from the commit timestamps, or from the tombstone where it is recorded.
    Known(Version),
    /// Written by the very transaction that is being applied, which has no timestamp yet.
    Own,
    /// Its transaction is older than the commit timestamps PostgreSQL still keeps.
    ///
    /// All that is known is that its timestamp lies below [`Policy::horizon`](crate::Policy).
    Unknown,
}

impl Held {
    /// How an incoming version stands to this one: `Greater` means the incoming one is newer.
    ///
    /// `None` is "cannot be told", and is never to be guessed at.
    #[must_use]
    pub fn compared_with(self, incoming: Version, horizon: CommitTs) -> Option<Ordering> {
        match self {
            Self::Known(held) => Some(incoming.cmp(&held)),
            Self::Own => Some(Ordering::Equal),
            Self::Unknown => (incoming.ts >= horizon).then_some(Ordering::Greater),
        }
    }
}

/// What a node holds under one primary key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RowState {
    /// No row and no tombstone: nothing about the key has arrived, or what had was pruned.
    Absent,
    /// A row. Set by an insert or update; ended by a delete or a retraction.
    Live(Held),
    /// A tombstone left by a delete of that version. Ended by a newer insert or update, or pruned.
    Dead(Held),
    /// A tombstone left by the retraction of that version, which lost a unique value.
    ///
    /// It outranks everything up to and including that version and nothing beyond it. Its version
    /// is the loser's, so it must be recorded in the tombstone; the tombstone's own commit
    /// timestamp says something else.
    Retracted(Held),
}

impl RowState {
    /// The version held, if there is anything.
    #[must_use]
    pub const fn held(self) -> Option<Held> {
        match self {
            Self::Absent => None,
            Self::Live(held) | Self::Dead(held) | Self::Retracted(held) => Some(held),
        }
    }

    /// Whether there is a row.
    #[must_use]
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Live(_))
    }
}
