//! Short excursions of an apply worker to the extension's own tables.
//!
//! The worker runs as the owner of its subscription, or of the table it changes, who needs no
//! rights on the tables of the extension. The statements run here are fixed texts of this library.

#![allow(unsafe_code)]

use crate::infallible;
use pgrx::pg_sys;

/// Runs `work` in a transaction of its own as the bootstrap superuser.
///
/// # Safety
/// Outside of a transaction, in an apply worker between two messages.
pub(crate) unsafe fn in_transaction<T>(work: impl FnOnce() -> T) -> T {
    // SAFETY: the sequence of every background worker (worker_spi.c). The context is restored
    // because the end of a transaction leaves another one current.
    unsafe {
        let context = pg_sys::CurrentMemoryContext;
        pg_sys::StartTransactionCommand();
        // Whatever the defaults of the database or role are.
        pg_sys::XactReadOnly = false;
        pg_sys::XactIsoLevel = pg_sys::XACT_READ_COMMITTED as i32;
        pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot());
        let result = as_user(pg_sys::Oid::from(pg_sys::BOOTSTRAP_SUPERUSERID), work);
        pg_sys::PopActiveSnapshot();
        pg_sys::CommitTransactionCommand();
        pg_sys::MemoryContextSwitchTo(context);
        result
    }
}

/// Runs `work` as the bootstrap superuser in the transaction that is being applied, between two of
/// its changes: no snapshot is active there.
///
/// # Safety
/// Inside a transaction.
pub(crate) unsafe fn between_changes<T>(work: impl FnOnce() -> T) -> T {
    // SAFETY: the caller's promise; an error ends the transaction with all of its snapshots.
    unsafe {
        pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot());
        let result = as_user(pg_sys::Oid::from(pg_sys::BOOTSTRAP_SUPERUSERID), work);
        pg_sys::PopActiveSnapshot();
        result
    }
}

/// Runs `work` as `user`. An error ends the transaction, which restores the user as well.
///
/// # Safety
/// Inside a transaction.
pub(crate) unsafe fn as_user<T>(user: pg_sys::Oid, work: impl FnOnce() -> T) -> T {
    // SAFETY: see above; SECURITY_RESTRICTED_OPERATION keeps code of the user from lasting effects.
    unsafe {
        let (mut saved, mut context) = (pg_sys::InvalidOid, 0);
        infallible::GetUserIdAndSecContext(&mut saved, &mut context);
        let restricted =
            pg_sys::SECURITY_LOCAL_USERID_CHANGE | pg_sys::SECURITY_RESTRICTED_OPERATION;
        infallible::SetUserIdAndSecContext(user, context | restricted.cast_signed());
        let result = work();
        infallible::SetUserIdAndSecContext(saved, context);
        result
    }
}
