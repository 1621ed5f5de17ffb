//! Exported functions of the server that pgrx does not declare.

use pgrx::pg_sys;
use std::ffi::c_int;

/// Declares functions and calls them so that their errors cross as panics.
macro_rules! server_functions {
    ($($(#[$doc:meta])* fn $name:ident($($argument:ident: $kind:ty),*) $(-> $result:ty)?;)*) => {
        mod raw {
            use super::*;
            unsafe extern "C-unwind" {
                $(pub(super) fn $name($($argument: $kind),*) $(-> $result)?;)*
            }
        }
        $(
            $(#[$doc])*
            #[allow(non_snake_case)]
            pub(super) unsafe fn $name($($argument: $kind),*) $(-> $result)? {
                // SAFETY: the caller's promise is the function's.
                unsafe { pg_sys::ffi::pg_guard_ffi_boundary(|| raw::$name($($argument),*)) }
            }
        )*
    };
}

server_functions! {
    /// Equality of the stored bytes, detoasted first (datum.c).
    fn datum_image_eq(one: pg_sys::Datum, other: pg_sys::Datum, by_value: bool, length: c_int) -> bool;

    /// `nextval`, with or without a check of the current user's rights (sequence.c).
    fn nextval_internal(sequence: pg_sys::Oid, check_permissions: bool) -> i64;

    /// Parents of a partition, the nearest first (partition.c).
    fn get_partition_ancestors(relation: pg_sys::Oid) -> *mut pg_sys::List;

    /// A table and everything below it, locked (pg_inherits.c).
    fn find_all_inheritors(
        table: pg_sys::Oid,
        lock: pg_sys::LOCKMODE,
        parents: *mut *mut pg_sys::List
    ) -> *mut pg_sys::List;

    /// Computes the stored generated columns of a row in place (nodeModifyTable.c).
    fn ExecComputeStoredGenerated(
        target: *mut pg_sys::ResultRelInfo,
        state: *mut pg_sys::EState,
        slot: *mut pg_sys::TupleTableSlot,
        command: pg_sys::CmdType::Type
    );
}
