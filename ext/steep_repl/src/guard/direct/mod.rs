//! Changes that the guard makes itself.
//!
//! For each change the worker opens the table and its indexes anew, and for the guard's trigger it
//! locks the row a second time and copies it. Of many changes in a row most of that is the same each
//! time. So once the worker itself has made a change of a kind to a table in a transaction (the
//! rights are checked by then, the lock is held, and nobody can alter the table), the guard makes the
//! next ones of that kind where there is nothing to decide: an update or delete of a row that is here
//! and that the same stream wrote last, an insert of a row nothing stands in the way of. The worker
//! never sees these messages; everything else is left to it.

mod columns;
mod rows;

use self::columns::Columns;
use super::error_context;
use super::scope::{self, OpenTable};
use super::table::Table;
use super::triggers;
use crate::superuser;
use crate::tap::message::{RowChange, RowKind};
use crate::tap::transaction::Arrived;
use pgrx::pg_sys;
use std::cell::RefCell;
use std::ffi::{CStr, CString};
use std::rc::Rc;

/// One in so many goes to the worker all the same: it keeps account of what it has received
/// (`UpdateWorkerStats`, worker.c), and shows it in `pg_stat_subscription`.
const TO_THE_WORKER: u32 = 500;

thread_local! {
    static CHANGED: RefCell<Vec<Changed>> = const { RefCell::new(Vec::new()) };
}

/// A table that the worker has changed in this transaction.
struct Changed {
    /// Its id at the publisher.
    remote: u32,
    table: Rc<Table>,
    relation: pg_sys::Oid,
    /// Who makes further changes, by their kind.
    makers: [Maker; 3],
    /// Made for the first change that is not the worker's.
    opened: Option<Opened>,
    arrived: u32,
}

/// Who makes changes of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Maker {
    /// The worker, which has not made any yet.
    Unknown,
    /// Whoever it is has to be found out.
    Either,
    Guard,
    Worker,
}

/// The table as the guard changes it.
struct Opened {
    table: Rc<Table>,
    open: OpenTable,
    columns: Columns,
    /// Holds the key of the message.
    sent: *mut pg_sys::TupleTableSlot,
    /// Holds the row as it will be.
    new: *mut pg_sys::TupleTableSlot,
    /// Holds what one change needs.
    memory: pg_sys::MemoryContext,
    doing: Rc<CStr>,
}

/// The worker is about to make a change: it may leave the next ones of this kind to the guard.
pub(super) fn learn(change: &Arrived, table: &Rc<Table>, relation: pg_sys::Oid) {
    CHANGED.with_borrow_mut(|all| {
        let at = all.iter().position(|changed| changed.remote == change.relation);
        let at = at.unwrap_or_else(|| {
            let table = table.clone();
            let (remote, makers) = (change.relation, [Maker::Unknown; 3]);
            all.push(Changed { remote, table, relation, makers, opened: None, arrived: 0 });
            all.len() - 1
        });
        let maker = &mut all[at].makers[change.kind as usize];
        if *maker == Maker::Unknown {
            *maker = Maker::Either;
        }
    });
}

/// A table is described anew, or the transaction ends.
pub(crate) fn forget() {
    CHANGED.with_borrow_mut(Vec::clear);
}

/// Makes a change, if there is nothing to decide about it. Else it is the worker's.
///
/// # Safety
/// In an apply worker that has just received the change.
pub(crate) unsafe fn apply(change: &Arrived) -> bool {
    let kind = change.kind as usize;
    // Nothing is borrowed while the server is called; an error ends the transaction.
    let taken = CHANGED.with_borrow_mut(|all| {
        let is_ours = |changed: &Changed| {
            changed.remote == change.relation
                && matches!(changed.makers[kind], Maker::Either | Maker::Guard)
        };
        Some(all.swap_remove(all.iter().position(is_ours)?))
    });
    let Some(mut changed) = taken else { return false };
    changed.arrived += 1;
    // SAFETY: the caller's promise; the worker has opened the table in this transaction.
    let is_done = changed.arrived % TO_THE_WORKER != 0 && unsafe { changed.apply(change) };
    CHANGED.with_borrow_mut(|all| all.push(changed));
    is_done
}

impl Changed {
    unsafe fn apply(&mut self, change: &Arrived) -> bool {
        // SAFETY: the caller's promise.
        unsafe {
            let opened = self
                .opened
                .get_or_insert_with(|| Opened::new(self.remote, &self.table, self.relation));
            let maker = &mut self.makers[change.kind as usize];
            if *maker == Maker::Either {
                let is_simple = opened.is_simple(change.kind);
                *maker = if is_simple { Maker::Guard } else { Maker::Worker };
            }
            *maker == Maker::Guard && opened.apply(change)
        }
    }
}

impl Opened {
    /// # Safety
    /// Inside a transaction that holds a lock on the relation.
    unsafe fn new(remote: u32, table: &Rc<Table>, relation: pg_sys::Oid) -> Self {
        // SAFETY: the caller's promise; everything lives until the end of the transaction.
        unsafe {
            let open = OpenTable::get(relation);
            let (columns, sent, new, memory) = scope::for_transaction(|| {
                let columns = Columns::of(remote, table, open.descriptor);
                let sent = open.slot(&raw const pg_sys::TTSOpsVirtual);
                let new = open.slot(&raw const pg_sys::TTSOpsVirtual);
                (columns, sent, new, scope::scratch())
            });
            let doing = format!("applying a change to replicated table {}", table.qualified_name());
            let doing = CString::new(doing).unwrap_or_default().as_c_str().into();
            let table = table.clone();
            Self { table, open, columns, sent, new, memory, doing }
        }
    }

    unsafe fn apply(&mut self, change: &Arrived) -> bool {
        // SAFETY: the caller's promise, throughout. There is no active snapshot between two messages.
        unsafe {
            let Some(rows) = RowChange::parse(change.body.bytes()) else { return false };
            let context = pg_sys::MemoryContextSwitchTo(self.memory);
            pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot());
            let doing = Rc::clone(&self.doing);
            let is_done = error_context::while_doing(&doing, || {
                // Input functions and operators are the owner's code: never as the worker's own user.
                superuser::as_user(self.table.owner, || match change.kind {
                    RowKind::Insert => self.insert(change, &rows),
                    RowKind::Update => self.update(change, &rows),
                    RowKind::Delete => self.delete(change, &rows),
                })
            });
            pg_sys::PopActiveSnapshot();
            pg_sys::MemoryContextSwitchTo(context);
            pg_sys::MemoryContextReset(self.memory);
            is_done
        }
    }

    /// Whether a change of this kind is nothing but a row in the table and entries in its indexes.
    unsafe fn is_simple(&self, kind: RowKind) -> bool {
        // SAFETY: the table is open.
        unsafe {
            let relation = self.open.relation;
            let is_partition = self.table.root != (*relation).rd_id;
            if is_partition || !self.columns.have_key() || !only_the_guard_fires(relation, kind) {
                return false;
            }
            kind == RowKind::Delete
                || (self.columns.are_plain || kind == RowKind::Update && self.columns.are_stored)
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
