//! The beginning of a transaction whose first change is the guard's.

use crate::boundary::{raw, within};
use crate::infallible;
use pgrx::pg_sys;

/// Whether the guard has begun the transaction that is open now.
#[must_use]
pub(super) struct Begun(bool);

impl Begun {
    /// Locks a table until the end of the transaction. If none is open, begins one as the worker does
    /// (`begin_replication_step`, worker.c), which goes on with the one it finds.
    ///
    /// # Safety
    /// In an apply worker that has just received a change.
    pub(super) unsafe fn to_change(relation: pg_sys::Oid) -> Self {
        // SAFETY: the caller's promise; what begins here the worker commits.
        unsafe {
            let is_open = infallible::IsTransactionState();
            let context = pg_sys::CurrentMemoryContext;
            within(move || {
                if !is_open {
                    raw::SetCurrentStatementStartTimestamp();
                    raw::StartTransactionCommand();
                }
                raw::LockRelationOid(relation, pg_sys::RowExclusiveLock as i32);
            });
            pg_sys::MemoryContextSwitchTo(context);
            Self(!is_open)
        }
    }

    /// Nothing was done: the worker may begin the transaction itself, and look what was altered.
    ///
    /// # Safety
    /// Nothing was.
    pub(super) unsafe fn undo(self) {
        if self.0 {
            // SAFETY: the caller's promise.
            unsafe {
                let context = pg_sys::CurrentMemoryContext;
                pg_sys::CommitTransactionCommand();
                pg_sys::MemoryContextSwitchTo(context);
            }
        }
    }
}
