//! The remote transaction that is being applied.

use super::message::RowKind;
use std::cell::RefCell;

thread_local! {
    /// Never borrowed across a call into the server: a trigger may be entered from there.
    pub(crate) static TRANSACTION: RefCell<Transaction> = const { RefCell::new(Transaction::new()) };
}

/// What is known of it.
pub(crate) struct Transaction {
    /// Commit timestamp at its origin, microseconds since 2000-01-01.
    pub(crate) commit_ts: i64,
    /// Its id there, without the epoch.
    pub(crate) xid: u32,
    /// Its commit has not arrived yet.
    pub(crate) is_open: bool,
    /// A person's decision was announced in it: its writes are let through.
    pub(crate) resolves: bool,
    /// The guard's trigger has fired since the last change arrived.
    pub(crate) hit: bool,
    /// The last change, until the worker asks for the next message.
    pub(crate) last: Option<Arrived>,
}

/// The bytes of a change, in the connection's buffer.
#[derive(Clone, Copy)]
pub(crate) struct Arrived {
    pub(crate) kind: RowKind,
    /// The publisher's id of the table.
    pub(crate) relation: u32,
    pub(crate) body: Body,
}

/// A slice of the connection's buffer, which stays until the next message is asked for.
#[derive(Clone, Copy)]
pub(crate) struct Body {
    start: *const u8,
    length: usize,
}

impl From<&[u8]> for Body {
    fn from(bytes: &[u8]) -> Self {
        Self { start: bytes.as_ptr(), length: bytes.len() }
    }
}

impl Body {
    /// The bytes.
    ///
    /// # Safety
    /// The worker has not asked for another message since this one arrived.
    pub(crate) unsafe fn bytes<'a>(self) -> &'a [u8] {
        // SAFETY: made from a slice of the buffer, which libpqrcv_receive frees at its next call.
        unsafe { std::slice::from_raw_parts(self.start, self.length) }
    }
}

impl Transaction {
    const fn new() -> Self {
        Self { commit_ts: 0, xid: 0, is_open: false, resolves: false, hit: false, last: None }
    }

    pub(crate) fn begin(&mut self, commit_ts: i64, xid: u32) {
        *self = Self { commit_ts, xid, is_open: true, ..Self::new() };
    }
}
