//! The error of an id that this node may not write.

use super::held::Held;
use pgrx::pg_sys;
use std::ffi::{CString, c_char, c_int};

/// Texts in the server's memory, for [`raise`].
#[derive(Clone, Copy)]
pub(super) struct Refusal {
    message: *mut c_char,
    detail: *mut c_char,
    hint: *mut c_char,
    schema: *mut c_char,
    table: *mut c_char,
    constraint: *mut c_char,
}

/// So many ranges are named.
const NAMED: usize = 5;

impl Refusal {
    /// # Safety
    /// In a process of the server.
    pub(super) unsafe fn new(held: &Held, id: i64, was_moved: bool) -> *mut Self {
        let (table, node, column) = (&held.table, &held.node, &held.column);
        let ranges = held.holdings.ranges();
        let shown: Vec<_> =
            ranges.iter().rev().take(NAMED).rev().map(ToString::to_string).collect();
        let more = match ranges.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!("{more} others, "),
        };
        let message = format!(
            "id {id} of table \"{table}\" is not node {node}'s to write in column \"{column}\""
        );
        let detail = match ranges.is_empty() {
            true => format!("Node {node} has no range of ids for this table."),
            false => format!("Node {node} has {more}{}.", shown.join(", ")),
        };
        let hint = match was_moved {
            true => {
                "The sequence stood in none of them, and has been moved to the next one: insert again."
            }
            false => {
                "Let the sequence draw the id. To import rows whose ids were drawn elsewhere: \
                set steep_repl.bypass_range_check = on. If no range is left: steep_repl.allocate_range()."
            }
        };
        // SAFETY: the caller's promise.
        unsafe {
            let refusal: *mut Self = pg_sys::palloc(size_of::<Self>()).cast();
            refusal.write(Self {
                message: copy(&message),
                detail: copy(&detail),
                hint: copy(hint),
                schema: copy(&held.schema),
                table: copy(table),
                constraint: copy(&constraint(table)),
            });
            refusal
        }
    }
}

/// As `steep_repl.range_constraint_name()`.
fn constraint(table: &str) -> String {
    let mut name = format!("steep_range_{table}");
    while name.len() >= pg_sys::NAMEDATALEN as usize {
        name.pop();
    }
    name
}

unsafe fn copy(text: &str) -> *mut c_char {
    let text = CString::new(text).unwrap_or_default();
    // SAFETY: a C string.
    unsafe { pg_sys::pstrdup(text.as_ptr()) }
}

unsafe extern "C-unwind" {
    fn errstart(level: c_int, domain: *const c_char) -> bool;
    fn errcode(code: c_int) -> c_int;
    fn errmsg_internal(format: *const c_char, ...) -> c_int;
    fn errdetail_internal(format: *const c_char, ...) -> c_int;
    fn errhint(format: *const c_char, ...) -> c_int;
    fn err_generic_string(field: c_int, text: *const c_char) -> c_int;
    fn errfinish(file: *const c_char, line: c_int, function: *const c_char);
}

/// Raises the error as the violation of the table's constraint.
///
/// It jumps over the caller's frame, where nothing may want to be dropped: behind pgrx's guards the name
/// of the constraint would be lost.
///
/// # Safety
/// In a function that the server has called; `refusal` was made by [`Refusal::new`].
pub(super) unsafe fn raise(refusal: *const Refusal) {
    // SAFETY: the caller's promise; the steps of the macro ereport (elog.h).
    unsafe {
        errstart(pgrx::PgLogLevel::ERROR as c_int, std::ptr::null());
        errcode(pgrx::PgSqlErrorCode::ERRCODE_CHECK_VIOLATION as c_int);
        errmsg_internal(c"%s".as_ptr(), (*refusal).message);
        errdetail_internal(c"%s".as_ptr(), (*refusal).detail);
        errhint(c"%s".as_ptr(), (*refusal).hint);
        err_generic_string(pg_sys::PG_DIAG_SCHEMA_NAME as c_int, (*refusal).schema);
        err_generic_string(pg_sys::PG_DIAG_TABLE_NAME as c_int, (*refusal).table);
        err_generic_string(pg_sys::PG_DIAG_CONSTRAINT_NAME as c_int, (*refusal).constraint);
        errfinish(c"refusal.rs".as_ptr(), 0, c"check_id_range".as_ptr());
    }
}
