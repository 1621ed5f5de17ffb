//! Rows the guard writes itself, where the worker has none to change.

use super::applying::Applying;
use super::scope::OpenTable;
use super::table::Table;
use crate::superuser;
use pgrx::pg_sys;
use pgrx::prelude::*;
use std::cell::RefCell;
use std::ffi::CString;

/// How the guard is to take the inserts of its own statements.
#[derive(Debug, Clone, Default)]
pub(super) enum Mode {
    /// A change of the stream.
    #[default]
    Stream,
    /// Everything was decided.
    Decided,
    /// An update that found no row, with the places of columns its message left out.
    MissingUpdate {
        unchanged: Vec<usize>,
        /// It changes the key: what is left of it is an insert.
        is_insert: bool,
    },
}

thread_local! {
    static MODE: RefCell<Mode> = const { RefCell::new(Mode::Stream) };
}

pub(super) fn mode() -> Mode {
    MODE.with_borrow(Clone::clone)
}

/// The transaction is over, however.
pub(super) fn forget() {
    MODE.set(Mode::Stream);
}

/// Inserts a row about which everything is decided.
///
/// # Safety
/// Inside a transaction; `tuple` is a row of the open table.
pub(super) unsafe fn insert(applying: &Applying, open: &OpenTable, tuple: pg_sys::HeapTuple) {
    let table = &applying.table;
    // SAFETY: the caller's promise.
    unsafe {
        let descriptor = open.descriptor;
        let values =
            table.columns.iter().enumerate().filter(|(_, c)| c.is_sent).map(|(place, _)| {
                let mut is_null = false;
                let value = pg_sys::heap_getattr(tuple, place as i32 + 1, descriptor, &mut is_null);
                (place, (!is_null).then_some(value))
            });
        let values: Vec<_> = values.collect();
        let relation = (*open.relation).rd_id;
        insert_values(table, relation, &values, Mode::Decided);
    }
}

/// Inserts a row by SQL, which routes it to its partition and computes what is generated.
///
/// # Safety
/// Inside a transaction with a snapshot; the values are those of the columns at their places.
pub(super) unsafe fn insert_values(
    table: &Table,
    relation: pg_sys::Oid,
    values: &[(usize, Option<pg_sys::Datum>)],
    mode: Mode,
) {
    // SAFETY: the caller's promise; the names are quoted by the server's own function.
    unsafe {
        let columns: Vec<String> =
            values.iter().map(|(place, _)| quoted(&table.columns[*place].name)).collect();
        let parameters: Vec<String> = (1..=values.len()).map(|nth| format!("${nth}")).collect();
        let schema = pg_sys::get_namespace_name(pg_sys::get_rel_namespace(relation));
        let name = pg_sys::quote_qualified_identifier(schema, pg_sys::get_rel_name(relation));
        let statement = format!(
            "insert into {} ({}) overriding system value values ({})",
            std::ffi::CStr::from_ptr(name).to_string_lossy(),
            columns.join(", "),
            parameters.join(", "),
        );
        run(table, &statement, values, mode);
    }
}

unsafe fn run(
    table: &Table,
    statement: &str,
    values: &[(usize, Option<pg_sys::Datum>)],
    mode: Mode,
) {
    let statement = CString::new(statement).unwrap_or_default();
    let mut types: Vec<_> =
        values.iter().map(|(place, _)| table.columns[*place].type_oid).collect();
    let mut data: Vec<_> =
        values.iter().map(|(_, value)| value.unwrap_or(pg_sys::Datum::null())).collect();
    let nulls: Vec<u8> =
        values.iter().map(|(_, value)| if value.is_some() { b' ' } else { b'n' }).collect();
    let before = MODE.replace(mode);
    // SAFETY: the caller's promise; as the table's owner, as the worker itself would.
    let result = unsafe {
        superuser::as_user(table.owner, || {
            // What the worker itself writes does not ask either.
            let is_read_only = pg_sys::XactReadOnly;
            pg_sys::XactReadOnly = false;
            pg_sys::SPI_connect();
            let result = pg_sys::SPI_execute_with_args(
                statement.as_ptr(),
                values.len() as i32,
                types.as_mut_ptr(),
                data.as_mut_ptr(),
                nulls.as_ptr().cast(),
                false,
                0,
            );
            pg_sys::SPI_finish();
            pg_sys::XactReadOnly = is_read_only;
            result
        })
    };
    MODE.set(before);
    if result < 0 {
        ereport!(
            PgLogLevel::ERROR,
            PgSqlErrorCode::ERRCODE_INTERNAL_ERROR,
            format!("could not write a row of table {}: {result}", table.qualified_name())
        );
    }
}

unsafe fn quoted(name: &str) -> String {
    let name = CString::new(name).unwrap_or_default();
    // SAFETY: a C string in, a C string out.
    unsafe {
        let quoted = pg_sys::quote_identifier(name.as_ptr());
        std::ffi::CStr::from_ptr(quoted).to_string_lossy().into_owned()
    }
}
