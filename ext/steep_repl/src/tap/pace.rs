//! Receiving a stream not faster than it comes.
//!
//! The publisher sends a transaction when it has committed, row by row as fast as it can
//! (`WalSndWriteData`, walsender.c). A worker that is faster yet would find nothing after each row, go
//! to sleep, and be woken for the next: that costs more than the row, at both ends. So while many
//! rows come one after the other, the next ones are given a moment to come.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// From so many rows on a moment more does not matter.
const MANY: u32 = 64;

/// In which a publisher sends some dozens of rows.
const MOMENT: Duration = Duration::from_micros(50);

/// Whoever waits longer than this for a row is not overrun by them.
const PAUSE: Duration = Duration::from_micros(100);

thread_local! {
    /// Rows that have come without a pause.
    static ROWS: Cell<u32> = const { Cell::new(0) };
    /// Since when the worker waits for the next one.
    static WAITS: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// A row has come.
pub(super) fn row() {
    if WAITS.take().is_some_and(|since| since.elapsed() > PAUSE) {
        ROWS.set(0);
    }
    ROWS.set(ROWS.get().saturating_add(1));
}

/// Nothing more has come. Whether it is worth while to look again, a moment having passed.
pub(super) fn rest() -> bool {
    let is_worth_while = ROWS.get() >= MANY;
    if is_worth_while {
        std::thread::sleep(MOMENT);
    }
    is_worth_while
}

/// Still nothing: the worker waits.
pub(super) fn waits() {
    WAITS.set(WAITS.get().or_else(|| Some(Instant::now())));
}
