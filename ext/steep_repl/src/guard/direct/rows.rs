//! The rows of changes with nothing to decide.

use super::opened::Opened;
use crate::boundary::{raw, within};
use crate::guard::held::Writer;
use crate::guard::scope::{Entries, Found};
use crate::guard::update::{is_own_write, touches_unique};
use crate::guard::{Verdict, applying, delete, key, overtaken, place};
use crate::infallible;
use crate::tap::message::RowChange;
use crate::tap::transaction::{Arrived, TRANSACTION};
use pgrx::pg_sys;

impl Opened {
    pub(super) unsafe fn insert(&mut self, change: &Arrived, rows: &RowChange<'_>) -> bool {
        let Some(row) = &rows.new else { return false };
        // SAFETY: the caller's promise, throughout.
        unsafe {
            pg_sys::ExecStoreAllNullTuple(self.new);
            if !self.kept.columns.read(row, self.new) {
                return false;
            }
            let session = applying::require_session(&self.kept.table);
            overtaken::looking(self.kept.table.root);
            let relation = (*self.open.relation).rd_id;
            if !place::is_free(&self.kept.table, relation, self.new, &session) {
                return false;
            }
            let (relation, new) = (self.open.relation, self.new);
            within(move || {
                raw::simple_table_tuple_insert(relation, new);
                raw::CommandCounterIncrement();
            });
            self.open.index(new, Entries::NewRow);
            made(change);
            true
        }
    }

    pub(super) unsafe fn update(&mut self, change: &Arrived, rows: &RowChange<'_>) -> bool {
        let Some(row) = &rows.new else { return false };
        let old = rows.old.as_ref().or(rows.old_key.as_ref()).unwrap_or(row);
        // SAFETY: the caller's promise, throughout.
        unsafe {
            if !self.kept.columns.read_key(old, self.sent) {
                return false;
            }
            overtaken::looking(self.kept.table.root);
            let Some(found) = self.find_own() else { return false };
            let (old, new, count) = (found.slot, self.new, self.kept.table.columns.len());
            within(move || {
                raw::clear(new);
                raw::deform(old, count as i32);
                (*new).tts_values.copy_from_nonoverlapping((*old).tts_values, count);
                (*new).tts_isnull.copy_from_nonoverlapping((*old).tts_isnull, count);
            });
            if !self.kept.columns.read(row, new) {
                return false;
            }
            infallible::ExecStoreVirtualTuple(new);
            let moves = !key::same_key(&self.kept.table, found.slot, self.new);
            if moves || touches_unique(&self.kept.table, found.slot, self.new) {
                return false;
            }
            let relation = self.open.relation;
            let indexes = within(move || {
                let mut tid = found.tid;
                let mut indexes = pg_sys::TU_UpdateIndexes::TU_None;
                let snapshot = std::ptr::null_mut();
                raw::simple_table_tuple_update(relation, &mut tid, new, snapshot, &mut indexes);
                raw::CommandCounterIncrement();
                indexes
            });
            match indexes {
                pg_sys::TU_UpdateIndexes::TU_All => self.open.index(new, Entries::Update),
                pg_sys::TU_UpdateIndexes::TU_Summarizing => {
                    self.open.index(new, Entries::Summaries);
                }
                _ => {}
            }
            made(change);
            true
        }
    }

    pub(super) unsafe fn delete(&mut self, change: &Arrived, rows: &RowChange<'_>) -> bool {
        let Some(row) = rows.old.as_ref().or(rows.old_key.as_ref()) else { return false };
        // SAFETY: the caller's promise, throughout.
        unsafe {
            if !self.kept.columns.read_key(row, self.sent) {
                return false;
            }
            let Some(found) = self.find_own() else { return false };
            made(change);
            let relation = self.open.relation;
            let verdict =
                delete::delete(self.kept.table.clone(), relation, found.slot, found.tuple);
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
            let found = self.open.find(self.sent, self.kept.table.key_index)?;
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
