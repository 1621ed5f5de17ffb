//! The unique indexes of the tables that receive rows, open until the end of the transaction.

use super::absence::{LastPage, Prober};
use super::scope;
use super::table::Table;
use pgrx::pg_sys;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Of one table; `None` for an index that has to be asked in full.
struct OfTable {
    relation: pg_sys::Oid,
    indexes: Vec<Option<Prober>>,
}

thread_local! {
    static OPEN: RefCell<Vec<OfTable>> = const { RefCell::new(Vec::new()) };
    /// Where each index ended when its prober was closed.
    static LAST_PAGES: RefCell<BTreeMap<u32, LastPage>> = const { RefCell::new(BTreeMap::new()) };
}

/// So many indexes are remembered over transactions.
const REMEMBERED: usize = 1000;

/// Whether certainly no unique index of the table has an entry of the row's values.
///
/// # Safety
/// Inside a transaction that holds a lock on the relation which allows writing; `row` holds a row of
/// it.
pub(super) unsafe fn is_surely_new(
    table: &Table,
    relation: pg_sys::Oid,
    row: *mut pg_sys::TupleTableSlot,
) -> bool {
    let known = OPEN.with_borrow_mut(|all| {
        let at = all.iter().position(|known| known.relation == relation)?;
        Some(all.swap_remove(at))
    });
    // SAFETY: the caller's promise. Nothing is borrowed while the server is called.
    unsafe {
        let mut of_table = known.unwrap_or_else(|| OfTable::open(table, relation));
        let is_new = of_table
            .indexes
            .iter_mut()
            .all(|index| index.as_mut().is_some_and(|index| index.is_absent(row)));
        OPEN.with_borrow_mut(|all| all.push(of_table));
        is_new
    }
}

impl OfTable {
    unsafe fn open(table: &Table, relation: pg_sys::Oid) -> Self {
        let secondary = table.secondary.iter().map(|index| (index.oid, index.columns.clone()));
        let key = table.key.iter().map(|key| key.place).collect();
        let all = std::iter::once((table.key_index, Some(key))).chain(secondary);
        // SAFETY: the caller's promise; the probers live until the end of the transaction.
        unsafe {
            let indexes = all.map(|(index, columns)| {
                let last_page = LAST_PAGES.with_borrow_mut(|all| all.remove(&index.to_u32()));
                Prober::open(relation, index, columns?, last_page)
            });
            Self { relation, indexes: scope::for_transaction(|| indexes.collect()) }
        }
    }
}

/// Closes all of them: the transaction is about to commit.
///
/// # Safety
/// Inside the transaction.
pub(super) unsafe fn close() {
    let all = OPEN.with_borrow_mut(std::mem::take);
    if all.is_empty() {
        return;
    }
    for prober in all.into_iter().flat_map(|of_table| of_table.indexes).flatten() {
        let index = prober.index().to_u32();
        // SAFETY: opened in this transaction.
        let last_page = unsafe { scope::for_transaction(|| prober.close()) };
        LAST_PAGES.with_borrow_mut(|known| {
            if known.len() >= REMEMBERED {
                known.clear();
            }
            known.insert(index, last_page);
        });
    }
}

/// Forgets all of them: the transaction has failed and PostgreSQL has cleaned up.
pub(super) fn forget() {
    OPEN.take();
}
