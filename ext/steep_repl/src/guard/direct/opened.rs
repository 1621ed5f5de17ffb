//! A table as the guard changes it.

use super::columns::Columns;
use crate::boundary::{raw, within};
use crate::guard::memory::Memory;
use crate::guard::scope::{self, OpenTable};
use crate::guard::table::Table;
use crate::guard::{error_context, triggers};
use crate::superuser;
use crate::tap::message::{RowChange, RowKind};
use crate::tap::transaction::Arrived;
use pgrx::pg_sys;
use std::ffi::{CStr, CString};
use std::rc::Rc;

/// Until the end of the transaction.
pub(super) struct Opened {
    pub(super) kept: Kept,
    pub(super) open: OpenTable,
    /// Holds the key of the message.
    pub(super) sent: *mut pg_sys::TupleTableSlot,
    /// Holds the row as it will be.
    pub(super) new: *mut pg_sys::TupleTableSlot,
}

/// As long as the table stays as it is.
pub(super) struct Kept {
    pub(super) table: Rc<Table>,
    pub(super) columns: Columns,
    doing: Rc<CStr>,
    /// Holds what the columns' functions keep.
    _memory: Memory,
    /// Holds what one change needs.
    scratch: Memory,
}

impl Kept {
    unsafe fn new(remote: u32, table: &Rc<Table>, descriptor: pg_sys::TupleDesc) -> Self {
        // SAFETY: the caller's promise.
        unsafe {
            let memory = Memory::new(c"steep_repl columns");
            let columns = Columns::of(remote, table, descriptor, memory.context());
            let doing = format!("applying a change to replicated table {}", table.qualified_name());
            let doing = CString::new(doing).unwrap_or_default().as_c_str().into();
            let scratch = Memory::new(c"steep_repl row");
            Self { table: table.clone(), columns, doing, _memory: memory, scratch }
        }
    }
}

impl Opened {
    /// # Safety
    /// Inside a transaction that holds a lock on the relation.
    pub(super) unsafe fn new(
        remote: u32,
        table: &Rc<Table>,
        relation: pg_sys::Oid,
        kept: Option<Kept>,
    ) -> Self {
        // SAFETY: the caller's promise; everything lives until the end of the transaction.
        unsafe {
            let open = OpenTable::get(relation);
            let kept = kept.unwrap_or_else(|| Kept::new(remote, table, open.descriptor));
            let slot =
                || raw::MakeSingleTupleTableSlot(open.descriptor, &raw const pg_sys::TTSOpsVirtual);
            let (sent, new) = scope::for_transaction(|| within(|| (slot(), slot())));
            Self { kept, open, sent, new }
        }
    }

    /// The transaction ends; the table itself closes with everything that is open.
    pub(super) fn close(self) -> Kept {
        self.kept
    }

    /// # Safety
    /// In the transaction it was opened in; `rows` are those of the change.
    pub(super) unsafe fn apply(&mut self, change: &Arrived, rows: &RowChange<'_>) -> bool {
        // SAFETY: the caller's promise, throughout. There is no active snapshot between two messages.
        unsafe {
            let scratch = self.kept.scratch.context();
            let context = pg_sys::MemoryContextSwitchTo(scratch);
            within(|| raw::PushActiveSnapshot(raw::GetTransactionSnapshot()));
            let doing = Rc::clone(&self.kept.doing);
            let is_done = error_context::while_doing(&doing, || {
                // Input functions and operators are the owner's code: never as the worker's own user.
                superuser::as_user(self.kept.table.owner, || match change.kind {
                    RowKind::Insert => self.insert(change, rows),
                    RowKind::Update => self.update(change, rows),
                    RowKind::Delete => self.delete(change, rows),
                })
            });
            pg_sys::MemoryContextSwitchTo(context);
            within(move || {
                raw::PopActiveSnapshot();
                raw::MemoryContextReset(scratch);
            });
            is_done
        }
    }

    /// Whether a change of this kind is nothing but a row in the table and entries in its indexes.
    ///
    /// # Safety
    /// As [`Opened::apply`].
    pub(super) unsafe fn is_simple(&self, kind: RowKind) -> bool {
        // SAFETY: the table is open.
        unsafe {
            let (relation, columns) = (self.open.relation, &self.kept.columns);
            let is_partition = self.kept.table.root != (*relation).rd_id;
            if is_partition || !columns.have_key() || !only_the_guard_fires(relation, kind) {
                return false;
            }
            kind == RowKind::Delete
                || (columns.are_plain || kind == RowKind::Update && columns.are_stored)
                    && self.indexes_are_immediate()
        }
    }

    unsafe fn indexes_are_immediate(&self) -> bool {
        // SAFETY: the indexes of an open table.
        unsafe {
            let count = usize::try_from((*self.open.target).ri_NumIndices).unwrap_or_default();
            (0..count).all(|nth| {
                let index = (**(*self.open.target).ri_IndexRelationDescs.add(nth)).rd_index;
                (*index).indimmediate && !(*index).indisexclusion
            })
        }
    }
}

/// Whether no trigger but the guard sees the rows that the worker changes.
unsafe fn only_the_guard_fires(relation: pg_sys::Relation, kind: RowKind) -> bool {
    let event = match kind {
        RowKind::Insert => pg_sys::TRIGGER_TYPE_INSERT,
        RowKind::Update => pg_sys::TRIGGER_TYPE_UPDATE,
        RowKind::Delete => pg_sys::TRIGGER_TYPE_DELETE,
    };
    // SAFETY: the relation is open.
    unsafe {
        let mut seers = triggers::of(relation).filter(|trigger| trigger.sees(event)).peekable();
        seers.peek().is_some() && seers.all(|trigger| trigger.is_guard())
    }
}
