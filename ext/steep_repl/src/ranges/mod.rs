//! Identity ranges: which generated keys this node may write, and where its sequences go on.
//!
//! What is decided, is decided by `steep-ranges` (`docs/protocol/ranges.md`); this module keeps its rows
//! in tables, checks each written id against them, and moves sequences from one range to the next.
//!
//! # How a sequence follows
//! The constraint of a managed table calls [`check`] for each row, in the session that has just drawn the
//! row's id, before it can draw another. So all sessions together are never further ahead of what was
//! checked than each session's cache ([`headroom`]). Whoever sees that less than that is left of a range
//! moves the sequence to the next one ([`turnover`]), and if there is none, waits until a process of its
//! own has granted one ([`replenish`]): a grant must be durable before anything is drawn from it, which
//! the inserting transaction could not promise.
//!
//! # Contract of the unsafe code
//! As in the guard: the only thread of a PostgreSQL process, inside a transaction, exported functions of
//! the server, whose errors cross as panics that `pg_guard` turns back.

#![allow(unsafe_code)]

mod check;
mod decisions;
mod existing;
mod headroom;
mod held;
mod imported;
mod refusal;
mod replenish;
mod rows;
mod runs;
mod sequence;
mod turnover;
mod vouched;

use pgrx::pg_sys;

/// Registers what has to be told of changes.
pub(crate) fn register() {
    held::register();
    imported::register();
}

/// Whether a CHECK constraint is the one of a table's ranges, which lets everything through that an
/// apply worker writes. `expression` is its node tree as text (`ConstrCheck.ccbin`).
///
/// # Safety
/// Inside a transaction.
pub(crate) unsafe fn is_range_check(expression: &std::ffi::CStr) -> bool {
    // SAFETY: the caller's promise.
    let Some(function) = (unsafe { check::function() }) else { return false };
    let call = format!("{{FUNCEXPR :funcid {} ", function.to_u32());
    expression.to_bytes().starts_with(call.as_bytes())
}

/// Reports an error of this module's own statements.
fn internal<T>(result: pgrx::spi::Result<T>, what: &str) -> T {
    match result {
        Ok(value) => value,
        Err(error) => {
            pgrx::ereport!(
                pgrx::PgLogLevel::ERROR,
                pgrx::PgSqlErrorCode::ERRCODE_INTERNAL_ERROR,
                format!("could not {what}: {error}")
            );
            unreachable!("an ERROR report does not return")
        }
    }
}

/// Runs `work` as the extension's owner: who inserts has no rights on its tables.
///
/// # Safety
/// Inside a transaction.
unsafe fn as_owner<T>(work: impl FnOnce() -> T) -> T {
    // SAFETY: the caller's promise.
    unsafe { crate::superuser::as_user(pg_sys::Oid::from(pg_sys::BOOTSTRAP_SUPERUSERID), work) }
}
