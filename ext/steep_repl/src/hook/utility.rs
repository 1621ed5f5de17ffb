//! The ProcessUtility hook: sees every utility statement, and passes it through.
//!
//! An error of the statement passes as PostgreSQL raised it: it jumps over our frame. pgrx's guards
//! would turn it into a panic and back, and lose what they do not know, such as a SQLSTATE of the
//! user's own and the name of a violated constraint. So nothing with a destructor may live in
//! [`process_utility`] while the next function runs, and what may panic is guarded by itself.

#![allow(unsafe_code)]

use super::dormant::hide_dormant_triggers;
use super::origins;
use pgrx::pg_sys;
use pgrx::prelude::*;
use std::ffi::{CStr, c_char};

/// Who was in the chain before us; `None` means the server's own function.
///
/// Written once by [`install`] in `_PG_init`, before any statement runs, and read by the one
/// thread of each process.
static mut NEXT: pg_sys::ProcessUtility_hook_type = None;

/// Puts our function at the head of the chain, keeping the one that was there.
pub(super) fn install() {
    // SAFETY: `_PG_init` runs in the only thread, before any statement.
    unsafe {
        NEXT = pg_sys::ProcessUtility_hook;
        pg_sys::ProcessUtility_hook = Some(process_utility);
    }
}

unsafe extern "C-unwind" {
    /// The server's own function, as it is: `pg_sys` has it behind a guard.
    #[link_name = "standard_ProcessUtility"]
    fn standard_process_utility(
        statement: *mut pg_sys::PlannedStmt,
        query: *const c_char,
        read_only_tree: bool,
        context: pg_sys::ProcessUtilityContext::Type,
        params: pg_sys::ParamListInfo,
        query_env: *mut pg_sys::QueryEnvironment,
        dest: *mut pg_sys::DestReceiver,
        completion: *mut pg_sys::QueryCompletion,
    );
}

#[allow(clippy::too_many_arguments)]
unsafe extern "C-unwind" fn process_utility(
    statement: *mut pg_sys::PlannedStmt,
    query: *const c_char,
    read_only_tree: bool,
    context: pg_sys::ProcessUtilityContext::Type,
    params: pg_sys::ParamListInfo,
    query_env: *mut pg_sys::QueryEnvironment,
    dest: *mut pg_sys::DestReceiver,
    completion: *mut pg_sys::QueryCompletion,
) {
    // SAFETY: the arguments are handed on exactly as they were received, which is the contract of
    // the hook (ProcessUtility, utility.c). An error raised inside jumps over this frame, which
    // holds only plain copies of the arguments.
    unsafe {
        trace(statement);
        before_copy(statement);
        origins::before_drop(statement);
        let next = NEXT.unwrap_or(standard_process_utility);
        next(statement, query, read_only_tree, context, params, query_env, dest, completion);
        origins::after_drop();
    }
}

/// COPY writes many rows at a time unless a row trigger may fire before an insert.
///
/// # Safety
/// `statement` is the planned utility statement of a running `ProcessUtility` call.
#[pg_guard]
unsafe extern "C-unwind" fn before_copy(statement: *mut pg_sys::PlannedStmt) {
    // SAFETY: the statement of a planned utility statement says what it is. The table is locked
    // as DoCopy (copy.c) is about to lock it, before it asks for privileges.
    unsafe {
        let statement = (*statement).utilityStmt;
        if (*statement).type_ != pg_sys::NodeTag::T_CopyStmt {
            return;
        }
        let copy = statement.cast::<pg_sys::CopyStmt>();
        if !(*copy).is_from || (*copy).relation.is_null() {
            return;
        }
        let lock = pg_sys::RowExclusiveLock as i32;
        let relation = pg_sys::table_openrv_extended((*copy).relation, lock, true);
        if !relation.is_null() {
            hide_dormant_triggers(relation);
            pg_sys::table_close(relation, pg_sys::NoLock as i32);
        }
    }
}

/// Says at DEBUG3 which command passes, so that an operator (and a test) can see the hook at work.
///
/// # Safety
/// `statement` is the planned utility statement of a running `ProcessUtility` call.
#[pg_guard]
unsafe extern "C-unwind" fn trace(statement: *mut pg_sys::PlannedStmt) {
    // SAFETY: message_level_is_interesting only reads settings; a PlannedStmt of a utility
    // statement always carries the statement; tag names are static C strings.
    unsafe {
        if !pg_sys::message_level_is_interesting(pg_sys::DEBUG3 as i32) {
            return;
        }
        let tag = pg_sys::CreateCommandTag((*statement).utilityStmt);
        let name = CStr::from_ptr(pg_sys::GetCommandTagName(tag)).to_string_lossy();
        ereport!(
            PgLogLevel::DEBUG3,
            PgSqlErrorCode::ERRCODE_SUCCESSFUL_COMPLETION,
            format!("steep_repl passes utility statement {name}")
        );
    }
}
