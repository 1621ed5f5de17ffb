//! The guard: a row trigger of replicated tables that resolves conflicts while changes are applied.
//!
//! `steep_repl_guard` fires before each insert, update and delete that PostgreSQL's apply worker
//! makes. Returning null makes the worker skip the change, returning the row applies it. What is
//! decided is decided by `steep-conflict`; this module reads rows and versions for it, and does
//! what it says.
//!
//! # Contract of the unsafe code
//! Everything runs in the only thread of a PostgreSQL process, inside a transaction, and calls
//! exported functions of the server; their errors cross as panics that `pg_guard` turns back. What
//! is kept over several calls belongs to the transaction and is dropped at its end.

#![allow(unsafe_code)]

mod absence;
mod applying;
mod chunk;
mod conflict_log;
mod delete;
mod direct;
mod error_context;
mod held;
mod json;
mod key;
mod local_deletes;
mod memory;
mod missing;
mod modes;
mod overtaken;
mod own_table;
mod place;
mod presence;
mod probers;
mod retraction;
mod scope;
mod table;
mod tombstone;
mod trigger;
mod triggers;
mod unbound;
mod update;
mod write;

pub(crate) use self::direct::{
    apply as apply_directly, forget as forget_direct, register, transaction_begins,
};
pub(crate) use self::held::oldest_commit_timestamp_xid;
pub(crate) use self::overtaken::written;
pub(crate) use self::presence::ANNOUNCED;
pub(crate) use self::table::{Table, forget as forget_table};
pub(crate) use self::unbound::find_all_inheritors;
use crate::infallible;
use crate::tap::transaction::Arrived;
use pgrx::pg_sys;

/// What becomes of a change.
pub(crate) enum Verdict {
    /// The worker applies it as it is.
    Pass,
    /// The worker applies this row instead.
    Replace(pg_sys::HeapTuple),
    /// The worker leaves it.
    Skip,
}

/// The worker has finished with a change, and no guard has fired.
///
/// # Safety
/// In an apply worker that asks for the next message, inside the transaction of the last one.
pub(crate) unsafe fn no_trigger_fired(arrived: &Arrived) {
    // SAFETY: the caller's promise.
    unsafe { missing::no_trigger_fired(arrived) };
}

/// The commit message has arrived: what was kept back is written now.
///
/// # Safety
/// In an apply worker.
pub(crate) unsafe fn before_commit() {
    // SAFETY: the caller's promise; a transaction without changes is none here.
    unsafe {
        if infallible::IsTransactionState() {
            retraction::write_pending();
            own_table::write_all();
        }
    }
}

/// A savepoint is rolled back. A session writes its tombstones at the end of each statement: what is
/// still kept back belongs to the statement that has failed.
pub(crate) fn subtransaction_aborted() {
    // SAFETY: constant for a process.
    if !unsafe { infallible::IsLogicalWorker() } {
        own_table::drop_pending();
    }
}

/// A transaction of this process ends.
pub(crate) fn at_transaction_end(event: pg_sys::XactEvent::Type) {
    match event {
        pg_sys::XactEvent::XACT_EVENT_PRE_COMMIT | pg_sys::XactEvent::XACT_EVENT_PRE_PREPARE => {
            // SAFETY: still inside the transaction.
            unsafe {
                // Deferred triggers may have come after the commit message.
                retraction::write_pending();
                own_table::write_all();
                direct::close();
                scope::close();
            }
        }
        pg_sys::XactEvent::XACT_EVENT_COMMIT
        | pg_sys::XactEvent::XACT_EVENT_PREPARE
        | pg_sys::XactEvent::XACT_EVENT_ABORT => {
            if event == pg_sys::XactEvent::XACT_EVENT_ABORT {
                direct::forget();
            }
            own_table::forget();
            scope::forget();
            retraction::forget();
            write::forget();
            held::forget();
        }
        _ => {}
    }
}
