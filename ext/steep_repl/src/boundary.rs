//! Several calls of the server behind one boundary.
//!
//! pgrx puts each call of the server behind a boundary of its own, where an error becomes a panic. That
//! costs more than many of these functions do. What is done for every row or transaction is called
//! plainly, [`raw`], and whole pieces of it stand behind one boundary, [`within`].

#![allow(unsafe_code)]

use pgrx::pg_sys;

/// Runs `work`, in which functions of [`raw`] may be called.
///
/// An error of the server jumps over `work` and what it calls: there must be nothing in between that
/// wants to be dropped. That it captures and returns plain values is checked by its type.
///
/// # Safety
/// As the functions that are called.
pub(crate) unsafe fn within<T: Copy>(work: impl FnOnce() -> T + Copy) -> T {
    // SAFETY: the caller's promise.
    unsafe { pg_sys::ffi::pg_guard_ffi_boundary(work) }
}

/// Functions of the server as they are.
pub(crate) mod raw {
    use pgrx::pg_sys::{
        CommandId, Datum, EState, FmgrInfo, HeapTuple, Index, ItemPointer, LOCKMODE, List,
        MemoryContext, Oid, Relation, ResultRelInfo, Size, Snapshot, TU_UpdateIndexes, TupleDesc,
        TupleTableSlot, TupleTableSlotOps, Tuplestorestate, int32,
    };
    use std::ffi::{c_char, c_int, c_void};

    // Of transactions and snapshots (xact.c, snapmgr.c).
    unsafe extern "C-unwind" {
        pub(crate) fn SetCurrentStatementStartTimestamp();
        pub(crate) fn StartTransactionCommand();
        pub(crate) fn CommandCounterIncrement();
        pub(crate) fn GetCurrentCommandId(used: bool) -> CommandId;
        pub(crate) fn GetTransactionSnapshot() -> Snapshot;
        pub(crate) fn GetLatestSnapshot() -> Snapshot;
        pub(crate) fn PushActiveSnapshot(snapshot: Snapshot);
        pub(crate) fn PopActiveSnapshot();
    }

    // Of memory (mcxt.c, list.c).
    unsafe extern "C-unwind" {
        pub(crate) fn palloc(size: Size) -> *mut c_void;
        pub(crate) fn palloc0(size: Size) -> *mut c_void;
        pub(crate) fn MemoryContextReset(context: MemoryContext);
        pub(crate) fn lappend_oid(list: *mut List, oid: Oid) -> *mut List;
        pub(crate) fn list_free(list: *mut List);
    }

    // Of tables (lmgr.c, table.c, tableam.c).
    unsafe extern "C-unwind" {
        pub(crate) fn LockRelationOid(relation: Oid, mode: LOCKMODE);
        pub(crate) fn table_open(relation: Oid, mode: LOCKMODE) -> Relation;
        pub(crate) fn table_close(relation: Relation, mode: LOCKMODE);
        pub(crate) fn simple_table_tuple_insert(relation: Relation, slot: *mut TupleTableSlot);
        pub(crate) fn simple_table_tuple_update(
            relation: Relation,
            tid: ItemPointer,
            slot: *mut TupleTableSlot,
            snapshot: Snapshot,
            indexes: *mut TU_UpdateIndexes::Type,
        );
        pub(crate) fn simple_table_tuple_delete(
            relation: Relation,
            tid: ItemPointer,
            snapshot: Snapshot,
        );
    }

    // Of the executor (execUtils.c, execMain.c, execIndexing.c, execTuples.c, fmgr.c, tupdesc.c,
    // tuplestore.c).
    unsafe extern "C-unwind" {
        pub(crate) fn CreateExecutorState() -> *mut EState;
        pub(crate) fn FreeExecutorState(state: *mut EState);
        pub(crate) fn InitResultRelInfo(
            target: *mut ResultRelInfo,
            relation: Relation,
            place: Index,
            root: *mut ResultRelInfo,
            instruments: c_int,
        );
        pub(crate) fn ExecOpenIndices(target: *mut ResultRelInfo, speculative: bool);
        pub(crate) fn ExecCloseIndices(target: *mut ResultRelInfo);
        #[cfg(any(feature = "pg16", feature = "pg17"))]
        pub(crate) fn ExecCheckIndexConstraints(
            target: *mut ResultRelInfo,
            slot: *mut TupleTableSlot,
            state: *mut EState,
            conflict: ItemPointer,
            indexes: *mut List,
        ) -> bool;
        #[cfg(not(any(feature = "pg16", feature = "pg17")))]
        pub(crate) fn ExecCheckIndexConstraints(
            target: *mut ResultRelInfo,
            slot: *mut TupleTableSlot,
            state: *mut EState,
            conflict: ItemPointer,
            own: ItemPointer,
            indexes: *mut List,
        ) -> bool;
        pub(crate) fn ExecInsertIndexTuples(
            target: *mut ResultRelInfo,
            slot: *mut TupleTableSlot,
            state: *mut EState,
            update: bool,
            no_error: bool,
            conflict: *mut bool,
            indexes: *mut List,
            only_summarizing: bool,
        ) -> *mut List;
        pub(crate) fn CreateTupleDescCopyConstr(descriptor: TupleDesc) -> TupleDesc;
        pub(crate) fn MakeSingleTupleTableSlot(
            descriptor: TupleDesc,
            operations: *const TupleTableSlotOps,
        ) -> *mut TupleTableSlot;
        pub(crate) fn ExecFetchSlotHeapTuple(
            slot: *mut TupleTableSlot,
            materialize: bool,
            should_free: *mut bool,
        ) -> HeapTuple;
        pub(crate) fn tuplestore_gettupleslot(
            rows: *mut Tuplestorestate,
            forward: bool,
            copy: bool,
            slot: *mut TupleTableSlot,
        ) -> bool;
        pub(crate) fn slot_getsomeattrs_int(slot: *mut TupleTableSlot, count: c_int);
        pub(crate) fn FunctionCall2Coll(
            function: *mut FmgrInfo,
            collation: Oid,
            first: Datum,
            second: Datum,
        ) -> Datum;
        pub(crate) fn OutputFunctionCall(function: *mut FmgrInfo, value: Datum) -> *mut c_char;
        pub(crate) fn InputFunctionCall(
            function: *mut FmgrInfo,
            text: *mut c_char,
            parameter: Oid,
            modifier: int32,
        ) -> Datum;
    }

    /// `ExecClearTuple` (tuptable.h).
    ///
    /// # Safety
    /// As the function.
    pub(crate) unsafe fn clear(slot: *mut TupleTableSlot) {
        // SAFETY: the caller's promise; every kind of slot can be cleared.
        unsafe {
            if let Some(clear) = (*(*slot).tts_ops).clear {
                clear(slot);
            }
        }
    }

    /// Reads the columns of a slot up to `count` (`slot_getsomeattrs`, tuptable.h).
    ///
    /// # Safety
    /// As the function.
    pub(crate) unsafe fn deform(slot: *mut TupleTableSlot, count: c_int) {
        // SAFETY: the caller's promise.
        unsafe {
            if c_int::from((*slot).tts_nvalid) < count {
                slot_getsomeattrs_int(slot, count);
            }
        }
    }
}
