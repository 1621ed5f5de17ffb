//! What the worker checks before it makes a change, and whether that still holds.
//!
//! Before its first change of a transaction the worker reads its subscription anew if that was
//! altered; for each change it checks that the subscription's owner may make it. Both depend on
//! nothing but the table and a few catalogs. As long as none of these has changed, what the worker
//! once found is so.

use crate::guard::unbound;
use pgrx::pg_sys;
use pgrx::prelude::*;
use std::cell::Cell;

/// Catalogs, by the names of their caches (syscache.h): subscriptions; roles, and which of them are
/// members of which, for which the owner of the database counts too.
const CATALOGS: [pg_sys::SysCacheIdentifier::Type; 4] = [
    pg_sys::SysCacheIdentifier::SUBSCRIPTIONOID,
    pg_sys::SysCacheIdentifier::AUTHOID,
    pg_sys::SysCacheIdentifier::AUTHMEMROLEMEM,
    pg_sys::SysCacheIdentifier::DATABASEOID,
];

thread_local! {
    /// Goes up with each change of these catalogs.
    static CHANGES: Cell<u64> = const { Cell::new(0) };
    static AT_BEGIN: Cell<u64> = const { Cell::new(0) };
}

/// A state of the catalogs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Checked(u64);

/// Asks to be told of changes.
pub(crate) fn register() {
    for catalog in CATALOGS {
        // SAFETY: `_PG_init` runs in the only thread; the callback lives as long as the process.
        unsafe {
            pg_sys::CacheRegisterSyscacheCallback(
                catalog.cast_signed(),
                Some(at_invalidation),
                pg_sys::Datum::null(),
            );
        }
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn at_invalidation(_argument: pg_sys::Datum, _catalog: i32, _hash: u32) {
    CHANGES.set(CHANGES.get() + 1);
}

/// A transaction of the peer begins, and what other sessions have committed is taken in.
pub(crate) fn transaction_begins() {
    AT_BEGIN.set(CHANGES.get());
}

impl Checked {
    /// What the worker has checked for a change that it makes now. It has read its subscription when
    /// its transaction began; if that was the guard's transaction, nothing had changed until then.
    pub(super) fn by_worker() -> Self {
        Self(AT_BEGIN.get())
    }

    /// Whether nothing has changed since.
    pub(super) fn still_holds(self) -> bool {
        self == Self(CHANGES.get())
    }
}

/// Whether the worker may be about to skip this transaction (`ALTER SUBSCRIPTION … SKIP`).
///
/// # Safety
/// In an apply worker that has begun to apply.
pub(super) unsafe fn may_be_skipped() -> bool {
    // SAFETY: the caller's promise.
    unsafe { unbound::skipped_lsn() != 0 }
}
