//! The rows of changes with nothing to decide.

use super::Opened;
use crate::guard::held::Writer;
use crate::guard::scope::{Entries, Found};
use crate::guard::update::{is_own_write, touches_unique};
use crate::guard::{Verdict, applying, delete, key, overtaken, place};
use crate::tap::message::RowChange;
use crate::tap::transaction::{Arrived, TRANSACTION};
use pgrx::pg_sys;

impl Opened {
    pub(super) unsafe fn insert(&mut self, change: &Arrived, rows: &RowChange<'_>) -> bool {
        let Some(row) = &rows.new else { return false };
        // SAFETY: the caller's promise, throughout.
        unsafe {
            pg_sys::ExecStoreAllNullTuple(self.new);
            if !self.columns.read(row, self.new) {
                return false;
            }
            let session = applying::require_session(&self.table);
            overtaken::looking(self.table.root);
            let relation = (*self.open.relation).rd_id;
            if !place::is_free(&self.table, relation, self.new, &session) {
                return false;
            }
            pg_sys::simple_table_tuple_insert(self.open.relation, self.new);
            self.open.index(self.new, Entries::NewRow);
            pg_sys::CommandCounterIncrement();
            made(change);
            true
        }
    }

    pub(super) unsafe fn update(&mut self, change: &Arrived, rows: &RowChange<'_>) -> bool {
        let Some(row) = &rows.new else { return false };
        let old = rows.old.as_ref().or(rows.old_key.as_ref()).unwrap_or(row);
        // SAFETY: the caller's promise, throughout.
        unsafe {
            if !self.columns.read_key(old, self.sent) {
                return false;
            }
            overtaken::looking(self.table.root);
            let Some(found) = self.find_own() else { return false };
            pg_sys::ExecClearTuple(self.new);
            for place in 0..self.table.columns.len() {
                let (value, is_null) = key::value(found.slot, place);
                *(*self.new).tts_values.add(place) = value;
                *(*self.new).tts_isnull.add(place) = is_null;
            }
            if !self.columns.read(row, self.new) {
                return false;
            }
            pg_sys::ExecStoreVirtualTuple(self.new);
            let moves = !key::same_key(&self.table, found.slot, self.new);
            if moves || touches_unique(&self.table, found.slot, self.new) {
                return false;
            }
            let mut tid = found.tid;
            let mut indexes = pg_sys::TU_UpdateIndexes::TU_None;
            pg_sys::simple_table_tuple_update(
                self.open.relation,
                &mut tid,
                self.new,
                std::ptr::null_mut(),
                &mut indexes,
            );
            match indexes {
                pg_sys::TU_UpdateIndexes::TU_All => self.open.index(self.new, Entries::Update),
                pg_sys::TU_UpdateIndexes::TU_Summarizing => {
                    self.open.index(self.new, Entries::Summaries);
                }
                _ => {}
            }
            pg_sys::CommandCounterIncrement();
            made(change);
            true
        }
    }

    pub(super) unsafe fn delete(&mut self, change: &Arrived, rows: &RowChange<'_>) -> bool {
        let Some(row) = rows.old.as_ref().or(rows.old_key.as_ref()) else { return false };
        // SAFETY: the caller's promise, throughout.
        unsafe {
            if !self.columns.read_key(row, self.sent) {
                return false;
            }
            let Some(found) = self.find_own() else { return false };
            made(change);
            let relation = self.open.relation;
            let verdict = delete::delete(self.table.clone(), relation, found.slot, found.tuple);
            if matches!(verdict, Verdict::Pass) {
                self.open.delete(found.tid);
            }
            true
        }
    }

    /// The row of the key that was read, if the same stream wrote it last.
    unsafe fn find_own(&self) -> Option<Found> {
        // SAFETY: the caller's promise.
        unsafe {
            let found = self.open.find(self.sent, self.table.key_index)?;
            is_own_write(Writer::of(found.tuple)).then_some(found)
        }
    }
}

/// The change is made: what remains to be done about it finds it as if the worker had made it.
fn made(change: &Arrived) {
    TRANSACTION.with_borrow_mut(|transaction| {
        transaction.last = Some(*change);
        transaction.hit = true;
    });
}
