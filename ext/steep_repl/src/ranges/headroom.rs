//! How many ids may be drawn and not yet checked.

use super::sequence;
use pgrx::pg_sys;
use pgrx::prelude::*;

/// How far a sequence's position runs ahead in the WAL (SEQ_LOG_VALS, sequence.c): after a crash it stands
/// there.
const LOGGED_AHEAD: u64 = 32;

/// How many ids all sessions together may have set aside before one of them is checked, each its cache,
/// and how far a crash moves the sequence.
///
/// # Safety
/// Inside a transaction; `sequence` is one.
pub(super) unsafe fn of(sequence: pg_sys::Oid) -> u64 {
    // SAFETY: plain globals of the server, set before any session begins; a catalog look-up.
    unsafe {
        let sessions = pg_sys::MaxConnections + pg_sys::max_worker_processes + 1;
        u64::from(sessions.unsigned_abs()) * sequence::cache(sequence) + LOGGED_AHEAD
    }
}

/// `steep_repl.range_headroom(oid)`
#[pg_extern(sql = false)]
fn range_headroom(sequence: pg_sys::Oid) -> i64 {
    // SAFETY: called by SQL; an id that is no sequence's has no cache.
    i64::try_from(unsafe { of(sequence) }).unwrap_or(i64::MAX)
}
