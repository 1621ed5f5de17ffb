//! A write made after seeing another must have a later timestamp, however skewed the clocks are.

use super::session;
use crate::{guc, infallible};
use pgrx::pg_sys;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use std::time::{Duration, Instant};

/// Waits until this node's clock has passed `commit_ts` (microseconds since 2000-01-01).
///
/// After that every commit here is stamped later than the transaction about to be applied. Beyond
/// `steep_repl.max_clock_skew` it is an error: the worker ends and tries again.
///
/// # Safety
/// In an apply worker, outside of a transaction.
pub(super) unsafe fn wait_until_past(commit_ts: i64) {
    if ahead_of(commit_ts).is_some() {
        wait(commit_ts);
    }
}

/// How far a time is in this clock's future.
fn ahead_of(commit_ts: i64) -> Option<Duration> {
    // SAFETY: reads the clock.
    let ahead = commit_ts - unsafe { infallible::GetCurrentTimestamp() };
    (ahead >= 0).then(|| Duration::from_micros(ahead.unsigned_abs()))
}

fn wait(commit_ts: i64) {
    let limit = guc::max_clock_skew();
    let started = Instant::now();
    while let Some(ahead) = ahead_of(commit_ts) {
        if ahead > limit {
            too_far_ahead(commit_ts, ahead, limit);
        }
        // A clock that stands still would be waited for without an end.
        if started.elapsed() > limit + Duration::from_secs(1) {
            stands_still(limit);
        }
        sleep(ahead.clamp(Duration::from_millis(1), Duration::from_millis(100)));
    }
}

fn sleep(time: Duration) {
    let events = pg_sys::WL_LATCH_SET | pg_sys::WL_TIMEOUT | pg_sys::WL_EXIT_ON_PM_DEATH;
    let time = std::ffi::c_long::try_from(time.as_millis()).unwrap_or(std::ffi::c_long::MAX);
    // SAFETY: this process' own latch; PG_WAIT_EXTENSION is the class for extensions' waits.
    unsafe {
        pg_sys::WaitLatch(pg_sys::MyLatch, events.cast_signed(), time, pg_sys::PG_WAIT_EXTENSION);
        pg_sys::ResetLatch(pg_sys::MyLatch);
    }
    check_for_interrupts!();
}

fn too_far_ahead(commit_ts: i64, ahead: Duration, limit: Duration) {
    let peer = session::peer_name();
    let subscription = session::subscription();
    ErrorReport::new(
        PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("a transaction of node \"{peer}\" is stamped {ahead:?} in this node's future"),
        function_name!(),
    )
    .set_detail(format!(
        "Subscription \"{subscription}\": commit timestamp {}, this node's clock {}; \
         steep_repl.max_clock_skew is {limit:?}. Nothing of the transaction was applied.",
        timestamp(commit_ts),
        // SAFETY: reads the clock.
        timestamp(unsafe { pg_sys::GetCurrentTimestamp() }),
    ))
    .set_hint("Set the clocks of both nodes right (NTP); the subscription then goes on by itself.")
    .report(PgLogLevel::ERROR);
}

fn stands_still(limit: Duration) {
    ErrorReport::new(
        PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        "this node's clock does not advance",
        function_name!(),
    )
    .set_detail(format!("It was waited for longer than steep_repl.max_clock_skew, {limit:?}."))
    .set_hint("Set the clock right; the subscription then goes on by itself.")
    .report(PgLogLevel::ERROR);
}

/// The server's text of a timestamp.
fn timestamp(micros: i64) -> String {
    // SAFETY: returns a static buffer that is copied at once.
    unsafe {
        let text = pg_sys::timestamptz_to_str(micros);
        std::ffi::CStr::from_ptr(text).to_string_lossy().into_owned()
    }
}
