//! Which write a row of this node is.

use crate::infallible;
use crate::tap::session::{Session, TablePolicy};
use pgrx::pg_sys;
use std::cell::Cell;
use steep_conflict::{Held, Version};
use steep_types::{CommitTs, Xid};

/// Commit timestamp of copied rows (`steep_repl.copied_row_timestamp()`).
const COPIED: CommitTs = CommitTs::from_micros(1);

/// The write that left a row as it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Writer {
    /// The transaction on this node that wrote it, whether here or while applying.
    pub(super) xid: pg_sys::TransactionId,
    pub(super) kind: WriterKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WriterKind {
    /// The transaction that is running.
    Own,
    Known {
        at: CommitTs,
        roident: pg_sys::RepOriginId,
    },
    /// Older than the commit timestamps that are kept.
    Unknown,
}

impl Writer {
    /// The writer of a tuple, from its raw xmin: freezing leaves it in place, and its commit
    /// timestamp stays readable long after.
    ///
    /// # Safety
    /// `tuple` is a heap tuple with its header; inside a transaction.
    pub(super) unsafe fn of(tuple: pg_sys::HeapTuple) -> Self {
        // SAFETY: the caller's promise.
        unsafe {
            let xid = (*(*tuple).t_data).t_choice.t_heap.t_xmin;
            Self { xid, kind: kind(xid) }
        }
    }

    /// The version as the merge decision wants it.
    pub(super) fn held(self, session: &Session, policy: &TablePolicy) -> Held {
        match self.kind {
            WriterKind::Own => Held::Own,
            WriterKind::Unknown => Held::Unknown,
            WriterKind::Known { at, roident } => {
                // A subscription that was dropped: its node is not known any more. Only the order
                // of equal timestamps depends on it.
                let node = session.node_of(roident).unwrap_or(session.own);
                Held::Known(Version::new(at, session.origin(policy, node)))
            }
        }
    }

    /// The node that wrote it, if that is known.
    pub(super) fn node(self, session: &Session) -> Option<usize> {
        match self.kind {
            WriterKind::Known { roident, .. } => session.node_of(roident),
            // What is applied in this transaction comes from the peer.
            WriterKind::Own => Some(session.peer),
            WriterKind::Unknown => None,
        }
    }

    /// Whether the row was copied when this node joined. Whatever still arrives was sent after that
    /// copy's horizon, by nodes that decide among themselves what it was concurrent with.
    pub(super) fn was_copied(self) -> bool {
        matches!(self.kind, WriterKind::Known { at, .. } if at == COPIED)
    }

    pub(super) fn commit_ts(self) -> Option<CommitTs> {
        match self.kind {
            WriterKind::Known { at, .. } => Some(at),
            WriterKind::Own | WriterKind::Unknown => None,
        }
    }

    pub(super) fn full_xid(self) -> Xid {
        widen(self.xid)
    }
}

thread_local! {
    /// The transaction that was looked up last: rows that change together were often written
    /// together.
    static LAST: Cell<Option<(pg_sys::TransactionId, WriterKind)>> = const { Cell::new(None) };
}

/// A transaction of this process ends: until the next the id may be another's.
pub(super) fn forget() {
    LAST.set(None);
}

unsafe fn kind(xid: pg_sys::TransactionId) -> WriterKind {
    if let Some((_, known)) = LAST.get().filter(|(last, _)| *last == xid) {
        return known;
    }
    // SAFETY: look-ups by transaction id; ids below the first normal one never have a timestamp.
    unsafe {
        if xid < pg_sys::FirstNormalTransactionId {
            return WriterKind::Unknown;
        }
        if infallible::TransactionIdIsCurrentTransactionId(xid) {
            return WriterKind::Own;
        }
        let (mut at, mut roident) = (0, 0);
        if !pg_sys::TransactionIdGetCommitTsData(xid, &mut at, &mut roident) {
            return WriterKind::Unknown;
        }
        // It has committed: that does not change any more.
        let kind = WriterKind::Known { at: CommitTs::from_micros(at), roident };
        LAST.set(Some((xid, kind)));
        kind
    }
}

/// A transaction id of this node with its epoch.
pub(super) fn widen(xid: pg_sys::TransactionId) -> Xid {
    // SAFETY: reads shared memory.
    let next = unsafe { pg_sys::ReadNextFullTransactionId() };
    Xid::widen(xid.into_inner(), Xid::new(next.value))
}

/// The oldest transaction of this node whose commit timestamp is kept.
pub(crate) fn oldest_commit_timestamp_xid() -> Xid {
    // SAFETY: a word of shared memory, read as `TransactionIdGetCommitTsData` would under its lock;
    // a value that is about to change is as good.
    #[cfg(feature = "pg16")]
    let oldest = unsafe { (*pg_sys::ShmemVariableCache).oldestCommitTsXid };
    // SAFETY: as above.
    #[cfg(not(feature = "pg16"))]
    let oldest = unsafe { (*pg_sys::TransamVariables).oldestCommitTsXid };
    widen(oldest)
}
