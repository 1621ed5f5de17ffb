//! Changes that the guard makes itself.
//!
//! For each change the worker opens the table and its indexes anew, and for the guard's trigger it
//! locks the row a second time and copies it. Of many changes in a row most of that is the same each
//! time. So once the worker itself has made a change of a kind to a table, the guard makes the next
//! ones of that kind where there is nothing to decide: an update or delete of a row that is here and
//! that the same stream wrote last, an insert of a row nothing stands in the way of. The worker never
//! sees these messages; everything else is left to it.
//!
//! In the transaction of the worker's change nobody can alter the table. Later ones may be begun by
//! the guard, if nothing has changed since then of what the worker had to check: the table, the
//! subscription, the rights of its owner.

mod begin;
mod checked;
mod columns;
mod opened;
mod rows;

pub(crate) use self::checked::{register, transaction_begins};

use self::begin::Begun;
use self::checked::Checked;
use self::opened::{Kept, Opened};
use super::table::Table;
use crate::tap::message::RowChange;
use crate::tap::transaction::Arrived;
use pgrx::pg_sys;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// One in so many goes to the worker all the same: it keeps account of what it has received
/// (`UpdateWorkerStats`, worker.c), and shows it in `pg_stat_subscription`.
const TO_THE_WORKER: u32 = 500;

/// So many tables are remembered over transactions.
const REMEMBERED: usize = 1_000;

thread_local! {
    static TABLES: RefCell<Tables> = const { RefCell::new(Tables::new()) };
}

/// The tables that the worker has changed, by their ids at the publisher.
struct Tables {
    /// In boxes, as each is taken out for every change of it.
    all: BTreeMap<u32, Box<Changed>>,
    /// Those that are locked in this transaction.
    locked: Vec<u32>,
}

/// A table that the worker has changed.
struct Changed {
    table: Rc<Table>,
    relation: pg_sys::Oid,
    /// Who makes further changes, by their kind.
    makers: [Maker; 3],
    checked: Checked,
    /// In this transaction: it is locked, and stays as it is.
    is_locked: bool,
    /// What outlives a transaction, while the table is not open.
    kept: Option<Kept>,
    /// Made for the transaction's first change that is not the worker's.
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

/// The worker is about to make a change: it may leave the next ones of this kind to the guard.
pub(super) fn learn(change: &Arrived, table: &Rc<Table>, relation: pg_sys::Oid) {
    TABLES.with_borrow_mut(|tables| {
        let changed = tables.entry(change.relation, table, relation);
        let is_new = !std::mem::replace(&mut changed.is_locked, true);
        let maker = &mut changed.makers[change.kind as usize];
        if *maker == Maker::Unknown {
            *maker = Maker::Either;
        }
        if is_new {
            tables.locked.push(change.relation);
        }
    });
}

/// The transaction is about to commit.
pub(super) fn close() {
    TABLES.with_borrow_mut(|tables| {
        for remote in std::mem::take(&mut tables.locked) {
            let Some(changed) = tables.all.get_mut(&remote) else { continue };
            changed.is_locked = false;
            if let Some(opened) = changed.opened.take() {
                changed.kept = Some(opened.close());
            }
        }
    });
}

/// A table is described anew, or the transaction has failed.
pub(crate) fn forget() {
    // What is dropped calls the server.
    drop(TABLES.replace(Tables::new()));
}

/// Makes a change, if there is nothing to decide about it. Else it is the worker's.
///
/// # Safety
/// In an apply worker that has just received the change.
pub(crate) unsafe fn apply(change: &Arrived) -> bool {
    // Nothing is borrowed while the server is called; an error ends the transaction.
    let taken = TABLES.with_borrow_mut(|tables| {
        let maker = tables.all.get(&change.relation)?.makers[change.kind as usize];
        let is_ours = matches!(maker, Maker::Either | Maker::Guard);
        if is_ours { tables.all.remove(&change.relation) } else { None }
    });
    let Some(mut changed) = taken else { return false };
    changed.arrived += 1;
    let was_locked = changed.is_locked;
    // SAFETY: the caller's promise.
    let is_done = changed.arrived % TO_THE_WORKER != 0 && unsafe { changed.apply(change) };
    TABLES.with_borrow_mut(|tables| {
        if changed.is_locked && !was_locked {
            tables.locked.push(change.relation);
        }
        tables.all.insert(change.relation, changed);
    });
    is_done
}

impl Tables {
    const fn new() -> Self {
        Self { all: BTreeMap::new(), locked: Vec::new() }
    }

    /// What is known of a table; nothing yet, if it has changed since.
    fn entry(&mut self, remote: u32, table: &Rc<Table>, relation: pg_sys::Oid) -> &mut Changed {
        if self.all.get(&remote).is_some_and(|known| !known.is_locked && !known.is_as_checked()) {
            self.all.remove(&remote);
        }
        if self.all.len() >= REMEMBERED && !self.all.contains_key(&remote) {
            self.all.retain(|_, changed| changed.is_locked);
        }
        self.all.entry(remote).or_insert_with(|| Box::new(Changed::new(table.clone(), relation)))
    }
}

impl Changed {
    fn new(table: Rc<Table>, relation: pg_sys::Oid) -> Self {
        Self {
            table,
            relation,
            makers: [Maker::Unknown; 3],
            checked: Checked::by_worker(),
            is_locked: false,
            kept: None,
            opened: None,
            arrived: 0,
        }
    }

    /// Whether the worker would still find what it has found.
    fn is_as_checked(&self) -> bool {
        self.checked.still_holds() && self.table.is_current(self.relation)
    }

    /// # Safety
    /// As [`apply`].
    unsafe fn apply(&mut self, change: &Arrived) -> bool {
        // SAFETY: the caller's promise.
        unsafe {
            // What cannot be read is the worker's to complain about.
            let Some(rows) = RowChange::parse(change.body.bytes()) else { return false };
            if !self.is_locked && !self.lock() {
                return false;
            }
            let opened = self.opened.get_or_insert_with(|| {
                Opened::new(change.relation, &self.table, self.relation, self.kept.take())
            });
            let maker = &mut self.makers[change.kind as usize];
            if *maker == Maker::Either {
                let is_simple = opened.is_simple(change.kind);
                *maker = if is_simple { Maker::Guard } else { Maker::Worker };
            }
            *maker == Maker::Guard && opened.apply(change, &rows)
        }
    }

    /// Locks the table until the end of the transaction, which begins here if the change is its first.
    /// `false` if the worker has to check anything again.
    ///
    /// # Safety
    /// As [`apply`].
    unsafe fn lock(&mut self) -> bool {
        // SAFETY: the caller's promise.
        unsafe {
            if !self.is_as_checked() || checked::may_be_skipped() {
                return false;
            }
            let begun = Begun::to_change(self.relation);
            // Both have taken in what was changed until then.
            self.is_locked = self.is_as_checked();
            if !self.is_locked {
                begun.undo();
            }
            self.is_locked
        }
    }
}
