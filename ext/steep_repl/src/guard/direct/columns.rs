//! The columns of a table's messages, and how they are read.

use crate::guard::table::{Table, attribute};
use crate::tap::message::Value;
use crate::tap::relations;
use pgrx::pg_sys;
use std::ffi::CString;

/// What is known of them until the transaction ends.
pub(super) struct Columns {
    /// In the order of the messages.
    all: Vec<Column>,
    /// Of the key, places in a message; none unless it has the whole key.
    key: Vec<usize>,
    /// The table's columns are stored as they are sent: none is computed, no constraint looks at them.
    pub(super) are_stored: bool,
    /// And the messages have all of them.
    pub(super) are_plain: bool,
}

struct Column {
    /// Attribute number minus one.
    place: usize,
    input: pg_sys::FmgrInfo,
    parameter: pg_sys::Oid,
    modifier: i32,
    not_null: bool,
}

impl Columns {
    /// # Safety
    /// `descriptor` is the table's; what is made here lives as long as the transaction.
    pub(super) unsafe fn of(remote: u32, table: &Table, descriptor: pg_sys::TupleDesc) -> Self {
        let names = relations::get(remote).map(|relation| relation.columns.clone());
        let places = names.iter().flatten().map(|name| table.place(name));
        // SAFETY: the caller's promise.
        let all = places.map(|place| Some(unsafe { Column::new(place?, table, descriptor) }));
        // A column that is not here is the worker's to complain about.
        let all = all.collect::<Option<Vec<_>>>().unwrap_or_default();
        let at = |place: usize| all.iter().position(|column| column.place == place);
        let key: Option<Vec<_>> = table.key.iter().map(|key| at(key.place)).collect();
        let mut stored = table.columns.iter().enumerate().filter(|(_, column)| !column.is_dropped);
        let has_all = stored.clone().all(|(place, _)| at(place).is_some());
        // SAFETY: the caller's promise.
        let is_checked = unsafe {
            let constraints = (*descriptor).constr;
            !constraints.is_null() && (*constraints).num_check > 0
        };
        let are_stored = stored.all(|(_, column)| column.is_sent) && !is_checked;
        let are_plain = are_stored && has_all;
        Self { all, key: key.unwrap_or_default(), are_stored, are_plain }
    }

    /// Whether the messages have the whole key.
    pub(super) fn have_key(&self) -> bool {
        !self.key.is_empty()
    }

    /// Reads the key of a message's row; `false` if that is not to be read here.
    ///
    /// # Safety
    /// Inside a transaction with a snapshot; `into` is a virtual slot of the table.
    pub(super) unsafe fn read_key(
        &mut self,
        row: &[Value<'_>],
        into: *mut pg_sys::TupleTableSlot,
    ) -> bool {
        let Self { all, key, .. } = self;
        // SAFETY: the caller's promise.
        unsafe {
            pg_sys::ExecClearTuple(into);
            let is_read = key.iter().all(|at| match row.get(*at) {
                Some(Value::Text(text)) => all[*at].read(text, into),
                _ => false,
            });
            pg_sys::ExecStoreVirtualTuple(into);
            is_read
        }
    }

    /// Reads a message's row over what is in the slot; what was left out stays as it is. `false` if
    /// that is not to be done here.
    ///
    /// # Safety
    /// As [`Columns::read_key`].
    pub(super) unsafe fn read(
        &mut self,
        row: &[Value<'_>],
        into: *mut pg_sys::TupleTableSlot,
    ) -> bool {
        self.all.len() == row.len()
            && self.all.iter_mut().zip(row).all(|(column, value)| match value {
                Value::Unchanged => true,
                // SAFETY: the caller's promise.
                Value::Text(text) => unsafe { column.read(text, into) },
                Value::Null if column.not_null => false,
                Value::Null => {
                    // SAFETY: the caller's promise.
                    unsafe { *(*into).tts_isnull.add(column.place) = true };
                    true
                }
                Value::Binary(_) => false,
            })
    }
}

impl Column {
    unsafe fn new(place: usize, table: &Table, descriptor: pg_sys::TupleDesc) -> Self {
        let column = &table.columns[place];
        // SAFETY: the caller's promise; catalog look-ups.
        unsafe {
            let (mut input, mut parameter) = (pg_sys::InvalidOid, pg_sys::InvalidOid);
            pg_sys::getTypeInputInfo(column.type_oid, &mut input, &mut parameter);
            let mut info = pg_sys::FmgrInfo::default();
            pg_sys::fmgr_info_cxt(input, &mut info, pg_sys::TopTransactionContext);
            let not_null = (*attribute(descriptor, place)).attnotnull;
            Self { place, input: info, parameter, modifier: column.type_modifier, not_null }
        }
    }

    /// Whether it could be read.
    unsafe fn read(&mut self, text: &[u8], into: *mut pg_sys::TupleTableSlot) -> bool {
        let Ok(text) = CString::new(text) else { return false };
        // SAFETY: the caller's promise; the input function reports what it cannot read.
        unsafe {
            let (parameter, modifier) = (self.parameter, self.modifier);
            let text = text.as_ptr().cast_mut();
            let value = pg_sys::InputFunctionCall(&mut self.input, text, parameter, modifier);
            *(*into).tts_values.add(self.place) = value;
            *(*into).tts_isnull.add(self.place) = false;
            true
        }
    }
}
