//! Receiving a transaction not faster than it comes.
//!
//! The publisher sends a transaction when it has committed, row by row as fast as it can
//! (`WalSndWriteData`, walsender.c). A worker that is faster yet would find nothing after each row, go
//! to sleep, and be woken for the next: that costs more than the row, at both ends. So in the midst
//! of a transaction of many rows the next ones are given a moment to come.

use super::transaction::TRANSACTION;
use crate::infallible;
use std::time::Duration;

/// From so many rows on a moment more does not matter.
const MANY: u64 = 64;

/// In which a publisher sends some dozens of rows.
const MOMENT: Duration = Duration::from_micros(50);

/// Nothing more has come. Whether it is worth while to look again, a moment having passed.
pub(super) fn rest() -> bool {
    // SAFETY: a plain read of the transaction state.
    let is_open = unsafe { infallible::IsTransactionState() };
    let is_worth_while = is_open && TRANSACTION.with_borrow(|transaction| transaction.rows) >= MANY;
    if is_worth_while {
        std::thread::sleep(MOMENT);
    }
    is_worth_while
}
