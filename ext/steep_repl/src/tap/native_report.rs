//! PostgreSQL's own reports of conflicts, which say less than `conflict_log` and cost more.
//!
//! From 18 on the worker looks up who wrote the row that an update or delete has found, and where
//! that was another origin it describes all rows of the change in a line of the server log, be it a
//! conflict or only the next write in a sequence. It does so before the guard is called
//! (`apply_handle_update_internal`, worker.c), and only where commit timestamps are tracked
//! (`GetTupleTransactionInfo`, conflict.c). That is a variable of this process, which nothing else
//! reads while a row is looked for: what commits are stamped with, and whether their stamps can be
//! read, is asked of shared memory (commit_ts.c). So for that moment it says that they are not.

use super::session;
use crate::guc;
use pgrx::pg_sys;
use std::cell::Cell;
use steep_conflict::PgConflict;

thread_local! {
    /// The variable is not as the server has set it.
    static IS_MUTED: Cell<bool> = const { Cell::new(false) };
}

/// A change from a peer has arrived: its row is about to be looked for.
pub(super) fn mute() {
    // Before 18 there are no such reports.
    if cfg!(any(feature = "pg16", feature = "pg17")) || guc::log_native_conflicts() {
        return;
    }
    // SAFETY: a plain global of this thread.
    unsafe {
        if pg_sys::track_commit_timestamp {
            pg_sys::track_commit_timestamp = false;
            IS_MUTED.set(true);
        }
    }
}

/// The row has been found, or not.
pub(crate) fn unmute() {
    if IS_MUTED.replace(false) {
        // SAFETY: as above; `mute` has found it true.
        unsafe { pg_sys::track_commit_timestamp = true };
    }
}

/// Counts a conflict that was logged where the worker would have counted it.
///
/// # Safety
/// In an apply worker.
pub(crate) unsafe fn count(conflict: Option<PgConflict>) {
    #[cfg(not(any(feature = "pg16", feature = "pg17")))]
    if !guc::log_native_conflicts() {
        use pg_sys::ConflictType::{CT_DELETE_ORIGIN_DIFFERS, CT_UPDATE_ORIGIN_DIFFERS};
        let kind = match conflict {
            Some(PgConflict::UpdateOriginDiffers) => CT_UPDATE_ORIGIN_DIFFERS,
            Some(PgConflict::DeleteOriginDiffers) => CT_DELETE_ORIGIN_DIFFERS,
            // The others are reported as ever.
            _ => return,
        };
        if let Some(subscription) = session::subscription_oid() {
            // SAFETY: the caller's promise; adds to counters of this process.
            unsafe { pg_sys::pgstat_report_subscription_conflict(subscription, kind) };
        }
    }
    #[cfg(any(feature = "pg16", feature = "pg17"))]
    let _ = (conflict, session::subscription_oid);
}
