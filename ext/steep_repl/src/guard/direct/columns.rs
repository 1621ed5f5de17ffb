//! The columns of a table's messages, and how they are read.

use crate::boundary::{raw, within};
use crate::guard::table::{Table, attribute};
use crate::infallible;
use crate::ranges;
use crate::tap::message::Value;
use crate::tap::relations;
use pgrx::pg_sys;
use std::ffi::CStr;

/// What is known of them.
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
    /// `descriptor` is the table's; `memory` lives as long as what is made here.
    pub(super) unsafe fn of(
        remote: u32,
        table: &Table,
        descriptor: pg_sys::TupleDesc,
        memory: pg_sys::MemoryContext,
    ) -> Self {
        let names = relations::get(remote).map(|relation| relation.columns.clone());
        let places = names.iter().flatten().map(|name| table.place(name));
        // SAFETY: the caller's promise.
        let all =
            places.map(|place| Some(unsafe { Column::new(place?, table, descriptor, memory) }));
        // A column that is not here is the worker's to complain about.
        let all = all.collect::<Option<Vec<_>>>().unwrap_or_default();
        let at = |place: usize| all.iter().position(|column| column.place == place);
        let key: Option<Vec<_>> = table.key.iter().map(|key| at(key.place)).collect();
        let mut stored = table.columns.iter().enumerate().filter(|(_, column)| !column.is_dropped);
        let has_all = stored.clone().all(|(place, _)| at(place).is_some());
        // SAFETY: the caller's promise.
        let is_checked = unsafe { has_checks(descriptor) };
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
        let (all, key) = (self.all.as_mut_ptr(), &*self.key);
        let is_readable = key.iter().all(|at| match row.get(*at) {
            Some(value @ Value::Text(_)) => self.all[*at].can_read(*value),
            _ => false,
        });
        // SAFETY: the caller's promise; the key's columns are among all.
        unsafe {
            if is_readable {
                within(|| {
                    raw::clear(into);
                    for at in key {
                        (*all.add(*at)).read(row[*at], into);
                    }
                });
                infallible::ExecStoreVirtualTuple(into);
            }
        }
        is_readable
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
        let mut columns = self.all.iter().zip(row);
        if self.all.len() != row.len() || !columns.all(|(column, value)| column.can_read(*value)) {
            return false;
        }
        let all = self.all.as_mut_ptr();
        // SAFETY: the caller's promise; there are as many values as columns.
        unsafe {
            within(|| {
                for (at, value) in row.iter().enumerate() {
                    (*all.add(at)).read(*value, into);
                }
            });
        }
        true
    }
}

/// Whether a constraint looks at what is applied. That of identity ranges lets it pass.
unsafe fn has_checks(descriptor: pg_sys::TupleDesc) -> bool {
    // SAFETY: the caller's promise: a descriptor with its constraints.
    unsafe {
        let constraints = (*descriptor).constr;
        if constraints.is_null() {
            return false;
        }
        let count = usize::from((*constraints).num_check);
        (0..count).any(|nth| {
            let expression = CStr::from_ptr((*(*constraints).check.add(nth)).ccbin);
            !ranges::is_range_check(expression)
        })
    }
}

impl Column {
    unsafe fn new(
        place: usize,
        table: &Table,
        descriptor: pg_sys::TupleDesc,
        memory: pg_sys::MemoryContext,
    ) -> Self {
        let column = &table.columns[place];
        // SAFETY: the caller's promise; catalog look-ups.
        unsafe {
            let (mut input, mut parameter) = (pg_sys::InvalidOid, pg_sys::InvalidOid);
            pg_sys::getTypeInputInfo(column.type_oid, &mut input, &mut parameter);
            let mut info = pg_sys::FmgrInfo::default();
            pg_sys::fmgr_info_cxt(input, &mut info, memory);
            let not_null = (*attribute(descriptor, place)).attnotnull;
            Self { place, input: info, parameter, modifier: column.type_modifier, not_null }
        }
    }

    fn can_read(&self, value: Value<'_>) -> bool {
        match value {
            Value::Unchanged => true,
            Value::Null => !self.not_null,
            // The input function takes a text that ends with zero.
            Value::Text(text) => !text.contains(&0),
            Value::Binary(_) => false,
        }
    }

    /// Reads what can be read. Within a boundary.
    unsafe fn read(&mut self, value: Value<'_>, into: *mut pg_sys::TupleTableSlot) {
        // SAFETY: the caller's promise; the input function reports what it cannot read.
        unsafe {
            let (stored, is_null) =
                ((*into).tts_values.add(self.place), (*into).tts_isnull.add(self.place));
            match value {
                Value::Text(text) => {
                    let copy: *mut u8 = raw::palloc(text.len() + 1).cast();
                    copy.copy_from_nonoverlapping(text.as_ptr(), text.len());
                    *copy.add(text.len()) = 0;
                    let (parameter, modifier) = (self.parameter, self.modifier);
                    *stored =
                        raw::InputFunctionCall(&mut self.input, copy.cast(), parameter, modifier);
                    *is_null = false;
                }
                Value::Null => *is_null = true,
                Value::Unchanged | Value::Binary(_) => {}
            }
        }
    }
}
