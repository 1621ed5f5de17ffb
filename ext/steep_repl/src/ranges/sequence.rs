//! Where a sequence stands, and setting it.

use pgrx::pg_sys;
use steep_ranges::Position;

/// `FormData_pg_sequence_data` (sequence.h): the only row of a sequence.
#[repr(C)]
struct Data {
    last_value: i64,
    log_cnt: i64,
    is_called: bool,
}

/// `FormData_pg_sequence` (pg_sequence.h): what a sequence is.
#[repr(C)]
struct Definition {
    seqrelid: pg_sys::Oid,
    seqtypid: pg_sys::Oid,
    seqstart: i64,
    seqincrement: i64,
    seqmax: i64,
    seqmin: i64,
    seqcache: i64,
}

/// What the row says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stand {
    pub(super) last_value: i64,
    /// Whether `last_value` was drawn; it is the next one to be drawn otherwise.
    pub(super) is_called: bool,
}

impl Stand {
    /// The id that was drawn last, if any was.
    pub(super) fn drawn(self) -> Option<i64> {
        self.is_called.then_some(self.last_value)
    }

    /// For the crate. A sequence that was set to the start of a range and not drawn from since counts as
    /// standing at that id: which of the ranges it is in is what matters.
    pub(super) fn position(self, is_held: impl Fn(i64) -> bool) -> Position {
        match self.is_called || is_held(self.last_value) {
            true => Position::At(self.last_value),
            false => Position::Fresh,
        }
    }
}

/// Reads it as all sessions see it, whatever the snapshot.
///
/// # Safety
/// Inside a transaction; `sequence` is one.
pub(super) unsafe fn stand(sequence: pg_sys::Oid) -> Stand {
    // SAFETY: the caller's promise; the page is locked while it is read (read_seq_tuple, sequence.c).
    unsafe {
        let relation = pg_sys::relation_open(sequence, pg_sys::AccessShareLock as i32);
        let buffer = pg_sys::ReadBuffer(relation, 0);
        pg_sys::LockBuffer(buffer, pg_sys::BUFFER_LOCK_SHARE as i32);
        let page = pg_sys::BufferGetPage(buffer);
        let item = pg_sys::PageGetItemId(page, 1);
        let tuple: pg_sys::HeapTupleHeader = pg_sys::PageGetItem(page, item).cast();
        let data: *const Data = tuple.cast::<u8>().add(usize::from((*tuple).t_hoff)).cast();
        let stand = Stand { last_value: (*data).last_value, is_called: (*data).is_called };
        pg_sys::UnlockReleaseBuffer(buffer);
        pg_sys::relation_close(relation, pg_sys::NoLock as i32);
        stand
    }
}

/// How many ids a session sets aside at a time.
///
/// # Safety
/// Inside a transaction.
pub(super) unsafe fn cache(sequence: pg_sys::Oid) -> u64 {
    // SAFETY: a catalog look-up; the tuple is released after it was read.
    unsafe {
        let cache = pg_sys::SysCacheIdentifier::SEQRELID.cast_signed();
        let tuple = pg_sys::SearchSysCache1(cache, sequence.into());
        if tuple.is_null() {
            return 1;
        }
        let definition: *const Definition = pg_sys::GETSTRUCT(tuple).cast();
        let cache = (*definition).seqcache;
        pg_sys::ReleaseSysCache(tuple);
        cache.unsigned_abs().max(1)
    }
}

/// Lets it go on at `next`. What this session has set aside is forgotten; `currval` stays.
///
/// # Safety
/// Inside a transaction, as a user who may; `sequence` is one.
pub(super) unsafe fn set(sequence: pg_sys::Oid, next: i64) {
    // SAFETY: the caller's promise.
    unsafe {
        pg_sys::OidFunctionCall3Coll(
            pg_sys::Oid::from(pg_sys::F_SETVAL_REGCLASS_INT8_BOOL),
            pg_sys::InvalidOid,
            sequence.into(),
            pg_sys::Datum::from(next),
            pg_sys::Datum::from(false),
        );
    }
}
