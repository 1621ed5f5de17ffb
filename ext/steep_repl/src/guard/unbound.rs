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
            pub(crate) unsafe fn $name($($argument: $kind),*) $(-> $result)? {
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

/// The last leaf of a btree, pinned and locked for reading (`_bt_get_endpoint`, nbtsearch.c); 0 if the
/// index is empty.
///
/// # Safety
/// `index` is an open btree. Behind a boundary: an error of the server jumps out.
pub(super) unsafe fn last_page(index: pg_sys::Relation) -> pg_sys::Buffer {
    unsafe extern "C-unwind" {
        #[cfg(feature = "pg16")]
        fn _bt_get_endpoint(
            index: pg_sys::Relation,
            level: u32,
            rightmost: bool,
            snapshot: pg_sys::Snapshot,
        ) -> pg_sys::Buffer;
        #[cfg(not(feature = "pg16"))]
        fn _bt_get_endpoint(index: pg_sys::Relation, level: u32, rightmost: bool)
        -> pg_sys::Buffer;
    }
    // SAFETY: the caller's promise. The snapshot of 16 only serves old_snapshot_threshold.
    #[cfg(feature = "pg16")]
    unsafe {
        _bt_get_endpoint(index, 0, true, std::ptr::null_mut())
    }
    // SAFETY: the caller's promise.
    #[cfg(not(feature = "pg16"))]
    unsafe {
        _bt_get_endpoint(index, 0, true)
    }
}

/// Where the transaction ends that the subscription skips, 0 if it skips none: `MySubscription`
/// (worker_internal.h), as the worker has read it last.
///
/// # Safety
/// In an apply worker that has begun to apply.
pub(super) unsafe fn skipped_lsn() -> pg_sys::XLogRecPtr {
    /// The first fields of `Subscription` (pg_subscription.h).
    #[repr(C)]
    struct Subscription {
        oid: pg_sys::Oid,
        dbid: pg_sys::Oid,
        skiplsn: pg_sys::XLogRecPtr,
    }
    unsafe extern "C" {
        static MySubscription: *const Subscription;
    }
    // SAFETY: the caller's promise: the worker has read its subscription.
    unsafe { (*MySubscription).skiplsn }
}
