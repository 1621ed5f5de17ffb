//! What an apply worker does for its node between two transactions: heartbeats, and the
//! publication of retractions.

use super::session;
use crate::{guc, kept, superuser};
use pgrx::pg_sys;
use pgrx::prelude::*;
use std::cell::Cell;
use std::time::{Duration, Instant};

/// Tombstones take space until they go, and their removal takes time from applying.
const MAINTENANCE_INTERVAL: Duration = Duration::from_secs(30);

const PUBLISH_RETRACTIONS: &str = "select steep_repl.publish_retractions()";

thread_local! {
    /// True at first: a worker that died may have left some.
    static HAS_RETRACTIONS: Cell<bool> = const { Cell::new(true) };
    static LAST_BEAT: Cell<Option<Instant>> = const { Cell::new(None) };
    static LAST_MAINTENANCE: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// The transaction that is being applied leaves retractions to be published.
pub(crate) fn retractions_are_pending() {
    HAS_RETRACTIONS.set(true);
}

/// # Safety
/// In an apply worker, outside of a transaction.
pub(super) unsafe fn between_transactions() {
    let is_due = LAST_BEAT.get().is_none_or(|last| last.elapsed() >= guc::heartbeat_interval());
    if !is_due && !HAS_RETRACTIONS.get() {
        // SAFETY: the caller's promise. What a beat says is read now, while there is time: else the
        // next transaction would wait for it.
        unsafe { session::refresh_after_beat() };
        return;
    }
    // SAFETY: the caller's promise.
    unsafe {
        session::refresh();
        if !session::is_peer() {
            LAST_BEAT.set(Some(Instant::now()));
            return;
        }
        // With each beat, too: another worker may have died before it published its own.
        HAS_RETRACTIONS.set(false);
        if !is_due {
            as_own_write(&[PUBLISH_RETRACTIONS]);
        } else {
            LAST_BEAT.set(Some(Instant::now()));
            as_own_write(&[PUBLISH_RETRACTIONS, "select steep_repl.beat_if_due()"]);
            session::heartbeat_applied();
            session::refresh_after_beat();
            // Beats come before: without their echoes there is nothing to remove.
            let last = LAST_MAINTENANCE.get().unwrap_or_else(Instant::now);
            LAST_MAINTENANCE.set(Some(last));
            if last.elapsed() >= MAINTENANCE_INTERVAL {
                LAST_MAINTENANCE.set(Some(Instant::now()));
                as_own_write(&["select steep_repl.maintain()"]);
            }
        }
    }
}

/// Runs statements in a transaction that the peers receive as this node's own.
unsafe fn as_own_write(statements: &[&'static str]) {
    // SAFETY: the caller's promise. With the peer's origin in place the transaction would be
    // filtered out as forwarded, and would move the position up to which the peer was applied.
    unsafe {
        let origin = pg_sys::replorigin_session_origin;
        let (lsn, at) =
            (pg_sys::replorigin_session_origin_lsn, pg_sys::replorigin_session_origin_timestamp);
        pg_sys::replorigin_session_origin = 0;
        superuser::in_transaction(|| {
            for statement in statements {
                if let Err(error) = kept::run(statement, &[], |_| Ok(())) {
                    ereport!(
                        PgLogLevel::ERROR,
                        PgSqlErrorCode::ERRCODE_INTERNAL_ERROR,
                        format!("an apply worker could not run \"{statement}\": {error}")
                    );
                }
            }
        });
        pg_sys::replorigin_session_origin = origin;
        pg_sys::replorigin_session_origin_lsn = lsn;
        pg_sys::replorigin_session_origin_timestamp = at;
    }
}
