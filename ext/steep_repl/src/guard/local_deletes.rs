//! Keys that this node's own sessions delete, kept as tombstones.

use super::table::Table;
use super::tombstone::{self, Deleter};
use pgrx::pg_sys;

/// # Safety
/// In a trigger: after a statement, with its old rows as a transition table, or before a row changes.
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
        while pg_sys::tuplestore_gettupleslot(rows, true, false, slot) {
            tombstone::bury(table, slot, &Deleter::Here, None);
            pgrx::check_for_interrupts!();
        }
        pg_sys::ExecDropSingleTupleTableSlot(slot);
    }
}
