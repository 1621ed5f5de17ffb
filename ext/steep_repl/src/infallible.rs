//! Functions of the server that raise no error, called without the cost of catching one: it is several
//! times that of the function, and these are called for every transaction or row.

#![allow(unsafe_code)]

use pgrx::pg_sys;
use std::ffi::c_int;

unsafe extern "C-unwind" {
    /// Whether this process applies a stream (worker.c).
    pub(crate) fn IsLogicalWorker() -> bool;
    /// Whether a transaction is open and not failed (xact.c).
    pub(crate) fn IsTransactionState() -> bool;
    /// Whether an id is that of the running transaction or of one of its parts (xact.c).
    pub(crate) fn TransactionIdIsCurrentTransactionId(xid: pg_sys::TransactionId) -> bool;
    /// The clock (timestamp.c).
    pub(crate) fn GetCurrentTimestamp() -> pg_sys::TimestampTz;
    /// Who the current user is, and in what kind of context (miscinit.c).
    pub(crate) fn GetUserIdAndSecContext(user: *mut pg_sys::Oid, context: *mut c_int);
    /// Sets both (miscinit.c).
    pub(crate) fn SetUserIdAndSecContext(user: pg_sys::Oid, context: c_int);
    /// Says that the values of a virtual slot are a row (execTuples.c).
    pub(crate) fn ExecStoreVirtualTuple(
        slot: *mut pg_sys::TupleTableSlot,
    ) -> *mut pg_sys::TupleTableSlot;
}
