//! Keys that this node's own sessions delete, kept as tombstones.

use super::chunk::Keys;
use super::table::Table;
use super::tombstone::{self, Deleter};
use super::{key, modes, own_table, scope};
use crate::boundary::{raw, within};
use pgrx::pg_sys;

/// From this many keys on a statement is a bulk delete, whose keys are kept in chunks.
const BULK: usize = 1_000;
/// Keys are written out at the latest when they take this much memory, 64 MiB.
const MEMORY: usize = 64 << 20;

/// # Safety
/// In an after trigger: of a statement, with its old rows as a transition table, or of a row.
pub(super) unsafe fn record(data: *mut pg_sys::TriggerData) {
    // SAFETY: the caller's promise.
    unsafe {
        let relation = (*data).tg_relation;
        let table = Table::of(relation);
        if (*data).tg_event & pg_sys::TRIGGER_EVENT_ROW != 0 {
            tombstone::bury(&table, (*data).tg_trigslot, &Deleter::Here, None);
        } else if !(*data).tg_oldtable.is_null() {
            record_all(&table, (*relation).rd_att, (*data).tg_oldtable);
        }
        // Now, not at commit: a savepoint may be rolled back, and its tombstones with it.
        own_table::write_all();
    }
}

unsafe fn record_all(
    table: &Table,
    descriptor: pg_sys::TupleDesc,
    rows: *mut pg_sys::Tuplestorestate,
) {
    // SAFETY: a transition table has the descriptor of its relation; a read pointer of our own
    // leaves other triggers of the statement theirs.
    unsafe {
        let slot =
            pg_sys::MakeSingleTupleTableSlot(descriptor, &raw const pg_sys::TTSOpsMinimalTuple);
        let pointer = pg_sys::tuplestore_alloc_read_pointer(rows, pg_sys::EXEC_FLAG_REWIND as i32);
        pg_sys::tuplestore_select_read_pointer(rows, pointer);
        pg_sys::tuplestore_rescan(rows);
        let scratch = scope::scratch();
        let _settings = modes::stable_texts();
        let mut keys = Keys::default();
        let needed = tombstone::columns(table);
        let next = || {
            raw::MemoryContextReset(scratch);
            let is_there = raw::tuplestore_gettupleslot(rows, true, false, slot);
            if is_there {
                raw::deform(slot, needed);
            }
            is_there
        };
        while within(next) {
            let context = pg_sys::MemoryContextSwitchTo(scratch);
            if tombstone::keeps_columns(table, slot) {
                tombstone::bury(table, slot, &Deleter::Here, None);
            } else {
                keys.push(|push| key::hash_and_texts(table, slot, push));
            }
            pg_sys::MemoryContextSwitchTo(context);
            if keys.size() > MEMORY {
                write(table, std::mem::take(&mut keys));
            }
            pgrx::check_for_interrupts!();
        }
        write(table, keys);
        pg_sys::MemoryContextDelete(scratch);
        pg_sys::ExecDropSingleTupleTableSlot(slot);
    }
}

unsafe fn write(table: &Table, keys: Keys) {
    // SAFETY: the caller's promise.
    unsafe {
        if keys.keys.len() >= BULK {
            tombstone::bury_chunks(table, keys);
            return;
        }
        for key in &keys.keys {
            tombstone::bury_key(table, key.hash.cast_signed(), keys.columns(key));
        }
    }
}
