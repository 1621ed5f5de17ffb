//! The ProcessUtility hook: sees every utility statement, and passes it through.

#![allow(unsafe_code)]

use pgrx::pg_sys;
use pgrx::prelude::*;
use std::ffi::{CStr, c_char};

/// Who was in the chain before us; `None` means the server's own function.
///
/// Written once by [`install`] in `_PG_init`, before any statement runs, and read by the one
/// thread of each process.
static mut NEXT: pg_sys::ProcessUtility_hook_type = None;

/// Puts our function at the head of the chain, keeping the one that was there.
pub(crate) fn install() {
    // SAFETY: `_PG_init` runs in the only thread, before any statement.
    unsafe {
        NEXT = pg_sys::ProcessUtility_hook;
        pg_sys::ProcessUtility_hook = Some(process_utility);
    }
}

#[pg_guard]
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
    // the hook (ProcessUtility, utility.c); an error raised inside crosses back through the guard.
    unsafe {
        trace(statement);
        match NEXT {
            Some(next) => pg_sys::ffi::pg_guard_ffi_boundary(|| {
                next(
                    statement,
                    query,
                    read_only_tree,
                    context,
                    params,
                    query_env,
                    dest,
                    completion,
                );
            }),
            None => pg_sys::standard_ProcessUtility(
                statement,
                query,
                read_only_tree,
                context,
                params,
                query_env,
                dest,
                completion,
            ),
        }
    }
}

/// Says at DEBUG3 which command passes, so that an operator (and a test) can see the hook at work.
///
/// # Safety
/// `statement` is the planned utility statement of a running `ProcessUtility` call.
unsafe fn trace(statement: *mut pg_sys::PlannedStmt) {
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
