//! What the guard keeps open until the end of the transaction: executor states with open indexes
//! cost more than a probe.

use super::table::Table;
use super::{absence, probers};
use crate::boundary::{raw, within};
use pgrx::pg_sys;
use std::cell::RefCell;

/// An executor state and an open relation with its indexes.
#[derive(Clone, Copy)]
pub(super) struct OpenTable {
    pub(super) relation: pg_sys::Relation,
    pub(super) target: *mut pg_sys::ResultRelInfo,
    pub(super) state: *mut pg_sys::EState,
    /// A copy of the row descriptor: slots made with the relation's own would have to be dropped
    /// one by one.
    pub(super) descriptor: pg_sys::TupleDesc,
}

thread_local! {
    static OPEN: RefCell<Vec<OpenTable>> = const { RefCell::new(Vec::new()) };
}

impl OpenTable {
    /// The relation, opened at its first use in this transaction.
    ///
    /// # Safety
    /// Inside a transaction; the caller holds a lock on the relation that allows writing.
    pub(super) unsafe fn get(oid: pg_sys::Oid) -> Self {
        let known = OPEN.with_borrow(|open| {
            // SAFETY: what is in the list is open.
            open.iter().find(|table| unsafe { (*table.relation).rd_id } == oid).copied()
        });
        if let Some(known) = known {
            return known;
        }
        // SAFETY: the caller's promise.
        let opened = unsafe { for_transaction(|| Self::open(oid)) };
        OPEN.with_borrow_mut(|open| open.push(opened));
        opened
    }

    unsafe fn open(oid: pg_sys::Oid) -> Self {
        // SAFETY: the caller's promise.
        unsafe {
            within(move || {
                let relation = raw::table_open(oid, pg_sys::RowExclusiveLock as i32);
                let state = raw::CreateExecutorState();
                let target: *mut pg_sys::ResultRelInfo =
                    raw::palloc0(size_of::<pg_sys::ResultRelInfo>()).cast();
                (*target).type_ = pg_sys::NodeTag::T_ResultRelInfo;
                raw::InitResultRelInfo(target, relation, 0, std::ptr::null_mut(), 0);
                // Speculative: with what it takes to ask a unique index who stands in the way.
                raw::ExecOpenIndices(target, true);
                let descriptor = raw::CreateTupleDescCopyConstr((*relation).rd_att);
                Self { relation, target, state, descriptor }
            })
        }
    }

    /// Frees what the last probe left in memory.
    ///
    /// # Safety
    /// The table is open.
    pub(super) unsafe fn reset(&self) {
        // SAFETY: the caller's promise.
        unsafe { within(|| self.free()) };
    }

    /// As [`OpenTable::reset`], within a boundary.
    unsafe fn free(&self) {
        // SAFETY: the caller's promise; as the macro ResetPerTupleExprContext.
        unsafe {
            let context = (*self.state).es_per_tuple_exprcontext;
            if !context.is_null() {
                raw::MemoryContextReset((*context).ecxt_per_tuple_memory);
            }
        }
    }
}

/// Runs `work` so that what it makes lives until the end of the transaction: in its memory context,
/// owned by its resource owner.
///
/// # Safety
/// Inside a transaction.
pub(super) unsafe fn for_transaction<T>(work: impl FnOnce() -> T) -> T {
    // SAFETY: the caller's promise; an error ends the transaction, which restores both.
    unsafe {
        let context = pg_sys::MemoryContextSwitchTo(pg_sys::TopTransactionContext);
        let owner = pg_sys::CurrentResourceOwner;
        pg_sys::CurrentResourceOwner = pg_sys::TopTransactionResourceOwner;
        let made = work();
        pg_sys::CurrentResourceOwner = owner;
        pg_sys::MemoryContextSwitchTo(context);
        made
    }
}

/// Closes everything: the transaction is about to commit, or a table about to be altered.
///
/// # Safety
/// Inside the transaction.
pub(super) unsafe fn close() {
    // SAFETY: the caller's promise.
    unsafe { probers::close() };
    for table in OPEN.take() {
        // SAFETY: opened by `get` in this transaction.
        unsafe {
            for_transaction(|| {
                within(move || {
                    raw::ExecCloseIndices(table.target);
                    raw::FreeExecutorState(table.state);
                    // The lock stays until the end of the transaction.
                    raw::table_close(table.relation, pg_sys::NoLock as i32);
                });
            });
        }
    }
}

/// Forgets everything: the transaction has failed and PostgreSQL has cleaned up.
pub(super) fn forget() {
    OPEN.take();
    probers::forget();
}

/// A memory context for a row's worth of values, below the current one.
///
/// # Safety
/// Inside a transaction.
pub(super) unsafe fn scratch() -> pg_sys::MemoryContext {
    // SAFETY: deleted with its parent at the latest.
    unsafe {
        pg_sys::AllocSetContextCreateInternal(
            pg_sys::CurrentMemoryContext,
            c"steep_repl row".as_ptr(),
            pg_sys::ALLOCSET_SMALL_MINSIZE as usize,
            pg_sys::ALLOCSET_SMALL_INITSIZE as usize,
            pg_sys::ALLOCSET_SMALL_MAXSIZE as usize,
        )
    }
}

/// The tables that hold the rows of a table: its leaf partitions, or itself.
///
/// # Safety
/// Inside a transaction.
pub(super) unsafe fn leaves(table: pg_sys::Oid) -> Vec<pg_sys::Oid> {
    // SAFETY: catalog look-ups; the partitions are locked until the end of the transaction.
    unsafe {
        let all = super::unbound::find_all_inheritors(
            table,
            pg_sys::RowExclusiveLock as i32,
            std::ptr::null_mut(),
        );
        (0..(*all).length)
            .map(|nth| pg_sys::list_nth_oid(all, nth))
            .filter(|oid| {
                pg_sys::get_rel_relkind(*oid) == pg_sys::RELKIND_RELATION as std::ffi::c_char
            })
            .collect()
    }
}

/// Which index entries a row needs that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entries {
    NewRow,
    Update,
    /// The row has stayed on its page, and only summarizing indexes cover what has changed.
    Summaries,
}

/// A row of this node, found through a unique index and locked until the end of the transaction.
#[derive(Clone, Copy)]
pub(super) struct Found {
    pub(super) tid: pg_sys::ItemPointerData,
    pub(super) slot: *mut pg_sys::TupleTableSlot,
    /// The row in that slot.
    pub(super) tuple: pg_sys::HeapTuple,
}

/// What a look into a unique index has met.
#[derive(Clone, Copy)]
enum Look {
    Nothing,
    Found(Found),
    /// A row that somebody has changed since.
    Changed,
}

impl OpenTable {
    /// Makes the index entries of a row that was written, those that `how` names.
    ///
    /// # Safety
    /// `slot` holds the row, with its place.
    pub(super) unsafe fn index(&self, slot: *mut pg_sys::TupleTableSlot, how: Entries) {
        // SAFETY: the caller's promise.
        unsafe {
            within(|| {
                raw::ExecInsertIndexTuples(
                    self.target,
                    slot,
                    self.state,
                    how != Entries::NewRow,
                    false,
                    std::ptr::null_mut(),
                    std::ptr::null_mut(),
                    how == Entries::Summaries,
                );
                self.free();
            });
        }
    }

    /// A slot for a row of this table, in the caller's memory context.
    ///
    /// # Safety
    /// The table is open.
    pub(super) unsafe fn slot(
        &self,
        operations: *const pg_sys::TupleTableSlotOps,
    ) -> *mut pg_sys::TupleTableSlot {
        // SAFETY: the caller's promise.
        unsafe { pg_sys::MakeSingleTupleTableSlot(self.descriptor, operations) }
    }

    /// Whether any unique index holds the values of `slot` already.
    ///
    /// # Safety
    /// `slot` holds a row of this table.
    pub(super) unsafe fn has_conflict(&self, slot: *mut pg_sys::TupleTableSlot) -> bool {
        // SAFETY: the caller's promise.
        unsafe {
            within(|| {
                let has_conflict = self.probe(slot, std::ptr::null_mut()).is_some();
                self.free();
                has_conflict
            })
        }
    }

    /// The row that holds the values of `slot` in `index`, locked, in a slot of its own.
    ///
    /// # Safety
    /// `slot` holds a row of this table; `index` is a unique index of it. What is found is used
    /// before the caller's memory context is reset.
    pub(super) unsafe fn find(
        &self,
        slot: *mut pg_sys::TupleTableSlot,
        index: pg_sys::Oid,
    ) -> Option<Found> {
        // SAFETY: the caller's promise.
        unsafe {
            loop {
                match within(|| self.look(slot, index)) {
                    Look::Nothing => return None,
                    Look::Found(found) => return Some(found),
                    Look::Changed => {
                        pgrx::check_for_interrupts!();
                    }
                }
            }
        }
    }

    /// Looks once, and locks what is there. Within a boundary.
    unsafe fn look(&self, slot: *mut pg_sys::TupleTableSlot, index: pg_sys::Oid) -> Look {
        // SAFETY: the caller's promise.
        unsafe {
            let only = raw::lappend_oid(std::ptr::null_mut(), index);
            let probed = self.probe(slot, only);
            raw::list_free(only);
            let Some(mut tid) = probed else { return Look::Nothing };
            let into = raw::MakeSingleTupleTableSlot(
                self.descriptor,
                &raw const pg_sys::TTSOpsBufferHeapTuple,
            );
            let locked = self.lock(&mut tid, into);
            if locked == pg_sys::TM_Result::TM_Ok {
                let mut should_free = false;
                // Materialized: a slot of the table's own would keep its page pinned.
                let tuple = raw::ExecFetchSlotHeapTuple(into, true, &mut should_free);
                return Look::Found(Found { tid, slot: into, tuple });
            }
            // A row that changed meanwhile is in the slot all the same, with its page.
            raw::clear(into);
            match locked {
                pg_sys::TM_Result::TM_Updated | pg_sys::TM_Result::TM_Deleted => Look::Changed,
                // Written by this very command: the server itself will say what is wrong.
                _ => Look::Nothing,
            }
        }
    }

    /// The row of a key, looked for once more with a snapshot when [`OpenTable::find`] finds none.
    ///
    /// A scan that sees uncommitted rows can miss one that is being updated: its new version lands
    /// on a page already read, and its old one is dead by the time it is met. A snapshot sees
    /// exactly one version.
    ///
    /// # Safety
    /// As [`OpenTable::find`].
    pub(super) unsafe fn find_surely(
        &self,
        table: &Table,
        slot: *mut pg_sys::TupleTableSlot,
    ) -> Option<Found> {
        // SAFETY: the caller's promise.
        unsafe {
            loop {
                if let Some(found) = self.find(slot, table.key_index) {
                    return Some(found);
                }
                if !self.is_visible(table, slot) {
                    return None;
                }
                pgrx::check_for_interrupts!();
            }
        }
    }

    /// Whether the latest snapshot sees a row of this key.
    unsafe fn is_visible(&self, table: &Table, slot: *mut pg_sys::TupleTableSlot) -> bool {
        // SAFETY: the caller's promise; the index is one of the open ones.
        unsafe {
            let index = pg_sys::index_open(table.key_index, pg_sys::AccessShareLock as i32);
            let snapshot = pg_sys::RegisterSnapshot(pg_sys::GetLatestSnapshot());
            let into = self.slot(&raw const pg_sys::TTSOpsBufferHeapTuple);
            let found = absence::is_seen(table, self.relation, index, snapshot, slot, into);
            pg_sys::ExecClearTuple(into);
            pg_sys::UnregisterSnapshot(snapshot);
            pg_sys::index_close(index, pg_sys::AccessShareLock as i32);
            found
        }
    }

    /// `ExecCheckIndexConstraints` (execIndexing.c): waits for transactions in progress and
    /// evaluates expressions and predicates. Within a boundary.
    unsafe fn probe(
        &self,
        slot: *mut pg_sys::TupleTableSlot,
        indexes: *mut pg_sys::List,
    ) -> Option<pg_sys::ItemPointerData> {
        // SAFETY: the caller's promise.
        unsafe {
            let mut tid = pg_sys::ItemPointerData::default();
            #[cfg(not(any(feature = "pg16", feature = "pg17")))]
            let is_free = {
                let mut none = pg_sys::ItemPointerData::default();
                none.ip_blkid.bi_hi = 0xFFFF;
                none.ip_blkid.bi_lo = 0xFFFF;
                raw::ExecCheckIndexConstraints(
                    self.target,
                    slot,
                    self.state,
                    &mut tid,
                    &mut none,
                    indexes,
                )
            };
            #[cfg(any(feature = "pg16", feature = "pg17"))]
            let is_free =
                raw::ExecCheckIndexConstraints(self.target, slot, self.state, &mut tid, indexes);
            (!is_free).then_some(tid)
        }
    }

    /// Locks the row against everybody else, unless it changed meanwhile (`table_tuple_lock`,
    /// tableam.h). Within a boundary.
    unsafe fn lock(
        &self,
        tid: &mut pg_sys::ItemPointerData,
        into: *mut pg_sys::TupleTableSlot,
    ) -> pg_sys::TM_Result::Type {
        // SAFETY: an open table and its own slot.
        unsafe {
            let Some(lock) = (*(*self.relation).rd_tableam).tuple_lock else {
                return pg_sys::TM_Result::TM_Invisible;
            };
            let mut failure = pg_sys::TM_FailureData::default();
            lock(
                self.relation,
                tid,
                raw::GetLatestSnapshot(),
                into,
                raw::GetCurrentCommandId(false),
                pg_sys::LockTupleMode::LockTupleExclusive,
                pg_sys::LockWaitPolicy::LockWaitBlock,
                0,
                &mut failure,
            )
        }
    }

    /// Removes a row that was found: at heap level, without triggers, as an index entry would see it.
    ///
    /// # Safety
    /// The row was found and locked in this transaction.
    pub(super) unsafe fn delete(&self, tid: pg_sys::ItemPointerData) {
        // SAFETY: the caller's promise.
        unsafe {
            within(|| {
                let mut tid = tid;
                raw::simple_table_tuple_delete(self.relation, &mut tid, std::ptr::null_mut());
                raw::CommandCounterIncrement();
            });
        }
    }

    /// An incoming row as it will be stored, as `jsonb`: before that its generated columns are null,
    /// or still those of the row it replaces.
    ///
    /// # Safety
    /// `tuple` is a row of this table.
    pub(super) unsafe fn incoming_jsonb(
        &self,
        table: &Table,
        tuple: pg_sys::HeapTuple,
    ) -> pg_sys::Datum {
        // SAFETY: the caller's promise; the copy lives in the caller's memory context.
        unsafe {
            if !table.computes {
                return table.jsonb(tuple, self.descriptor);
            }
            let copy = self.slot(&raw const pg_sys::TTSOpsVirtual);
            pg_sys::ExecForceStoreHeapTuple(tuple, copy, false);
            // As of an insert: every column is computed, whichever of the others changed.
            let insert = pg_sys::CmdType::CMD_INSERT;
            super::unbound::ExecComputeStoredGenerated(self.target, self.state, copy, insert);
            self.reset();
            let mut should_free = false;
            let whole = pg_sys::ExecFetchSlotHeapTuple(copy, true, &mut should_free);
            table.jsonb(whole, self.descriptor)
        }
    }

    /// A slot with the values of `slot` and the generated columns computed, where a unique index
    /// needs them; else `slot` itself.
    ///
    /// # Safety
    /// `slot` holds a row of this table.
    pub(super) unsafe fn with_generated(
        &self,
        table: &Table,
        slot: *mut pg_sys::TupleTableSlot,
        command: pg_sys::CmdType::Type,
    ) -> *mut pg_sys::TupleTableSlot {
        if !table.computes_keys {
            return slot;
        }
        // SAFETY: the caller's promise; the copy lives in the caller's memory context.
        unsafe {
            let copy = self.slot(&raw const pg_sys::TTSOpsVirtual);
            pg_sys::ExecCopySlot(copy, slot);
            super::unbound::ExecComputeStoredGenerated(self.target, self.state, copy, command);
            copy
        }
    }
}
