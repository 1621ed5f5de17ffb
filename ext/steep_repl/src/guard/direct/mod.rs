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
use std::rc::Rc;

/// One in so many goes to the worker all the same: it keeps account of what it has received
/// (`UpdateWorkerStats`, worker.c), and shows it in `pg_stat_subscription`.
const TO_THE_WORKER: u32 = 500;

thread_local! {
    static CHANGED: RefCell<Vec<Changed>> = const { RefCell::new(Vec::new()) };
}

/// A table that the worker has changed.
struct Changed {
    /// Its id at the publisher.
    remote: u32,
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
    CHANGED.with_borrow_mut(|all| {
        let at = all.iter().position(|changed| changed.remote == change.relation);
        let at = at.filter(|at| all[*at].is_locked || all[*at].is_as_checked());
        let at = at.unwrap_or_else(|| {
            all.retain(|changed| changed.remote != change.relation);
            all.push(Changed::new(change.relation, table.clone(), relation));
            all.len() - 1
        });
        all[at].is_locked = true;
        let maker = &mut all[at].makers[change.kind as usize];
        if *maker == Maker::Unknown {
            *maker = Maker::Either;
        }
    });
}

/// The transaction is about to commit.
pub(super) fn close() {
    CHANGED.with_borrow_mut(|all| {
        for changed in all {
            changed.is_locked = false;
            if let Some(opened) = changed.opened.take() {
                changed.kept = Some(opened.close());
            }
        }
    });
}

/// A table is described anew, or the transaction has failed.
pub(crate) fn forget() {
    CHANGED.with_borrow_mut(Vec::clear);
}

/// Makes a change, if there is nothing to decide about it. Else it is the worker's.
///
/// # Safety
/// In an apply worker that has just received the change.
pub(crate) unsafe fn apply(change: &Arrived) -> bool {
    // Nothing is borrowed while the server is called; an error ends the transaction.
    let taken = CHANGED.with_borrow_mut(|all| {
        let is_ours = |changed: &Changed| {
            let maker = changed.makers[change.kind as usize];
            changed.remote == change.relation && matches!(maker, Maker::Either | Maker::Guard)
        };
        Some(all.swap_remove(all.iter().position(is_ours)?))
    });
    let Some(mut changed) = taken else { return false };
    changed.arrived += 1;
    // SAFETY: the caller's promise.
    let is_done = changed.arrived % TO_THE_WORKER != 0 && unsafe { changed.apply(change) };
    CHANGED.with_borrow_mut(|all| all.push(changed));
    is_done
}

impl Changed {
    fn new(remote: u32, table: Rc<Table>, relation: pg_sys::Oid) -> Self {
        Self {
            remote,
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
                Opened::new(self.remote, &self.table, self.relation, self.kept.take())
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
