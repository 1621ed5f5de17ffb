//! Rows for the extension's own tables, written below SQL: no rights are asked for, no statement is
//! planned, and the rows of a transaction go in together.

use super::scope::{self, Entries, OpenTable};
use super::{key, presence};
use pgrx::pg_sys;
use std::cell::RefCell;
use std::ffi::CStr;

/// Rows that are kept back before they are written; each holds its values in memory.
const BATCH: usize = 200;

/// Rows of one table that are yet to be written.
struct Pending {
    table: pg_sys::Oid,
    slots: Vec<*mut pg_sys::TupleTableSlot>,
    used: usize,
}

thread_local! {
    /// Of this transaction.
    static OIDS: RefCell<Vec<(&'static CStr, pg_sys::Oid)>> = const { RefCell::new(Vec::new()) };
    static PENDING: RefCell<Vec<Pending>> = const { RefCell::new(Vec::new()) };
}

/// A table or index of schema `steep_repl`.
///
/// # Safety
/// Inside a transaction.
pub(super) unsafe fn oid(name: &'static CStr) -> pg_sys::Oid {
    let known = OIDS.with_borrow(|all| all.iter().find(|(n, _)| *n == name).map(|(_, oid)| *oid));
    if let Some(known) = known {
        return known;
    }
    // SAFETY: catalog look-ups.
    let oid = unsafe {
        let schema = pg_sys::get_namespace_oid(c"steep_repl".as_ptr(), false);
        pg_sys::get_relname_relid(name.as_ptr(), schema)
    };
    if oid != pg_sys::InvalidOid {
        OIDS.with_borrow_mut(|all| all.push((name, oid)));
    }
    oid
}

/// A relation changed, or all may have.
pub(super) fn forget_oid(relation: u32) {
    // Nothing is called while the list is borrowed, but the process may be ending.
    let _ = OIDS.try_with(|all| {
        all.borrow_mut().retain(|(_, oid)| relation != 0 && oid.to_u32() != relation);
    });
}

/// Adds a row, to be written at the latest before the transaction commits.
///
/// # Safety
/// Inside a transaction; the values are of the table's column types, in their order.
pub(super) unsafe fn add(table: pg_sys::Oid, values: &[Option<pg_sys::Datum>]) {
    // SAFETY: the caller's promise; slots live until the end of the transaction.
    unsafe {
        let open = OpenTable::get(table);
        let slot = next_slot(table, &open);
        pg_sys::ExecClearTuple(slot);
        for (place, value) in values.iter().enumerate() {
            *(*slot).tts_values.add(place) = value.unwrap_or(pg_sys::Datum::null());
            *(*slot).tts_isnull.add(place) = value.is_none();
        }
        pg_sys::ExecStoreVirtualTuple(slot);
        pg_sys::ExecMaterializeSlot(slot);
        let is_full = PENDING.with_borrow_mut(|pending| {
            let pending = pending.iter_mut().find(|pending| pending.table == table);
            pending.is_some_and(|pending| {
                pending.used += 1;
                pending.used >= BATCH
            })
        });
        if is_full {
            write(table);
        }
    }
}

unsafe fn next_slot(table: pg_sys::Oid, open: &OpenTable) -> *mut pg_sys::TupleTableSlot {
    let known = PENDING.with_borrow(|pending| {
        let pending = pending.iter().find(|pending| pending.table == table)?;
        pending.slots.get(pending.used).copied()
    });
    if let Some(slot) = known {
        return slot;
    }
    // SAFETY: the slot belongs to the transaction, which outlives the list.
    unsafe {
        let slot = scope::for_transaction(|| open.slot(&raw const pg_sys::TTSOpsHeapTuple));
        PENDING.with_borrow_mut(|pending| {
            match pending.iter_mut().find(|pending| pending.table == table) {
                Some(pending) => pending.slots.push(slot),
                None => pending.push(Pending { table, slots: vec![slot], used: 0 }),
            }
        });
        slot
    }
}

/// Writes what was added to a table, so that it can be found.
///
/// # Safety
/// Inside the transaction that added it.
pub(super) unsafe fn write(table: pg_sys::Oid) {
    let batch = PENDING.with_borrow_mut(|pending| {
        let pending = pending.iter_mut().find(|pending| pending.table == table)?;
        Some(pending.slots[..std::mem::take(&mut pending.used)].to_vec())
    });
    let Some(mut slots) = batch.filter(|slots| !slots.is_empty()) else { return };
    // SAFETY: the slots hold rows of the table.
    unsafe {
        let open = OpenTable::get(table);
        pg_sys::table_multi_insert(
            open.relation,
            slots.as_mut_ptr(),
            slots.len() as i32,
            pg_sys::GetCurrentCommandId(true),
            0,
            std::ptr::null_mut(),
        );
        for slot in &slots {
            open.index(*slot, Entries::NewRow);
        }
        let is_tombstones =
            [c"tombstones", c"tombstone_chunks"].iter().any(|name| oid(name) == table);
        for slot in slots {
            if is_tombstones {
                // Their first column is the table they are of.
                presence::announce(pg_sys::Oid::from(key::value(slot, 0).0.value() as u32));
            }
            pg_sys::ExecClearTuple(slot);
        }
        pg_sys::CommandCounterIncrement();
    }
}

/// Writes everything that was added.
///
/// # Safety
/// Inside the transaction.
pub(super) unsafe fn write_all() {
    let tables: Vec<_> =
        PENDING.with_borrow(|all| all.iter().map(|pending| pending.table).collect());
    for table in tables {
        // SAFETY: the caller's promise.
        unsafe { write(table) };
    }
}

/// Drops the rows that are kept back.
pub(super) fn drop_pending() {
    PENDING.with_borrow_mut(|all| all.iter_mut().for_each(|pending| pending.used = 0));
}

/// Forgets everything: the transaction is over.
pub(super) fn forget() {
    PENDING.take();
    OIDS.take();
}
