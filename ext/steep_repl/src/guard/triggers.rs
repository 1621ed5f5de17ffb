//! The triggers of a table that see the rows which are applied to it.

use pgrx::pg_sys;
use std::ffi::CStr;

const GUARD: &CStr = c"steep_repl_guard";

/// A row trigger that is enabled ALWAYS or REPLICA.
pub(super) struct RowTrigger<'a> {
    name: &'a CStr,
    /// Bits of `pg_trigger.tgtype`.
    flags: u32,
}

impl RowTrigger<'_> {
    pub(super) fn is_guard(&self) -> bool {
        self.name == GUARD
    }

    /// Of two that fire at the same time, the one whose name comes first does.
    pub(super) fn comes_before_guard(&self) -> bool {
        self.name < GUARD
    }

    pub(super) fn is_before(&self) -> bool {
        self.flags & pg_sys::TRIGGER_TYPE_TIMING_MASK == pg_sys::TRIGGER_TYPE_BEFORE
    }

    /// Whether it sees changes of a kind, one of the `TRIGGER_TYPE_` bits.
    pub(super) fn sees(&self, event: u32) -> bool {
        self.flags & event != 0
    }
}

/// All of them.
///
/// # Safety
/// The relation is open and stays so while they are looked at.
pub(super) unsafe fn of<'a>(relation: pg_sys::Relation) -> impl Iterator<Item = RowTrigger<'a>> {
    // SAFETY: the trigger descriptor of an open relation.
    let all = unsafe {
        let descriptor = (*relation).trigdesc;
        match descriptor.is_null() {
            true => [].as_slice(),
            false => {
                let count = usize::try_from((*descriptor).numtriggers).unwrap_or_default();
                std::slice::from_raw_parts((*descriptor).triggers, count)
            }
        }
    };
    let fires = |trigger: &&pg_sys::Trigger| {
        trigger.tgtype as u32 & pg_sys::TRIGGER_TYPE_ROW != 0
            && matches!(trigger.tgenabled as u8, b'A' | b'R')
    };
    all.iter().filter(fires).map(|trigger| RowTrigger {
        // SAFETY: as above; a name ends with zero.
        name: unsafe { CStr::from_ptr(trigger.tgname) },
        flags: trigger.tgtype as u32,
    })
}
