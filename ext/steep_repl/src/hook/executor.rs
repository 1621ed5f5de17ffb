//! The ExecutorStart hook: before a statement looks at the triggers of the tables it changes.

#![allow(unsafe_code)]

use super::dormant::hide_dormant_triggers;
use pgrx::pg_sys;
use pgrx::prelude::*;
use std::ffi::c_int;

/// Who was in the chain before us; `None` means the server's own function.
static mut NEXT: pg_sys::ExecutorStart_hook_type = None;

pub(super) fn install() {
    // SAFETY: `_PG_init` runs in the only thread, before any statement.
    unsafe {
        NEXT = pg_sys::ExecutorStart_hook;
        pg_sys::ExecutorStart_hook = Some(executor_start);
    }
}

unsafe extern "C-unwind" {
    /// The server's own function, as it is: `pg_sys` has it behind a guard.
    #[link_name = "standard_ExecutorStart"]
    fn standard_executor_start(query: *mut pg_sys::QueryDesc, flags: c_int);
}

unsafe extern "C-unwind" fn executor_start(query: *mut pg_sys::QueryDesc, flags: c_int) {
    // SAFETY: the arguments are handed on as they were received (ExecutorStart, execMain.c). An
    // error raised inside jumps over this frame, which holds only plain copies of the arguments.
    unsafe {
        look_at_targets((*query).plannedstmt);
        let next = NEXT.unwrap_or(standard_executor_start);
        next(query, flags);
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn look_at_targets(statement: *mut pg_sys::PlannedStmt) {
    // SAFETY: a planned statement lists the places of its target tables in its range table; they
    // are locked before execution starts.
    unsafe {
        let targets = (*statement).resultRelations;
        if targets.is_null() {
            return;
        }
        for nth in 0..(*targets).length {
            let place = pg_sys::list_nth_int(targets, nth);
            let entry: *mut pg_sys::RangeTblEntry =
                pg_sys::list_nth((*statement).rtable, place - 1).cast();
            if (*entry).relkind != pg_sys::RELKIND_RELATION as std::ffi::c_char {
                continue;
            }
            let relation = pg_sys::table_open((*entry).relid, pg_sys::NoLock as i32);
            hide_dormant_triggers(relation);
            pg_sys::table_close(relation, pg_sys::NoLock as i32);
        }
    }
}
