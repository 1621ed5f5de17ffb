//! Triggers that cannot fire in this session cost nothing in it.
//!
//! PostgreSQL looks at a table's triggers before it asks whether they are enabled for the session's
//! role: a row trigger before an update makes every session lock each row first, one before an
//! insert makes COPY write row by row, although the guard fires in apply workers only. The flags by
//! which PostgreSQL knows what kinds of triggers a table has (`SetTriggerFlags`, trigger.c) are set
//! anew here, counting only triggers that the role lets fire (`TriggerEnabled`, trigger.c).

#![allow(unsafe_code)]

use pgrx::pg_sys;
use std::ffi::CStr;

/// The trigger by which a table is known to be ours; others' tables are left alone.
const GUARD: &CStr = c"steep_repl_guard";

/// Sets the flags of the relation's triggers, in this process, for the session's present role.
///
/// # Safety
/// `relation` is open.
pub(crate) unsafe fn hide_dormant_triggers(relation: pg_sys::Relation) {
    // SAFETY: the caller's promise: the descriptor of an open relation belongs to this process, and
    // has an array of that many triggers.
    unsafe {
        let descriptor = (*relation).trigdesc;
        if descriptor.is_null() {
            return;
        }
        let count = usize::try_from((*descriptor).numtriggers).unwrap_or_default();
        let triggers = std::slice::from_raw_parts((*descriptor).triggers, count);
        if !triggers.iter().any(|trigger| CStr::from_ptr(trigger.tgname) == GUARD) {
            return;
        }
        let is_replica =
            pg_sys::SessionReplicationRole == pg_sys::SESSION_REPLICATION_ROLE_REPLICA as i32;
        let has = |timing: u32, event: u32| {
            triggers.iter().any(|trigger| {
                let kind = trigger.tgtype as u32;
                let is_row = kind & pg_sys::TRIGGER_TYPE_ROW != 0;
                is_row
                    && kind & pg_sys::TRIGGER_TYPE_TIMING_MASK == timing
                    && kind & event != 0
                    && may_fire(trigger.tgenabled, is_replica)
            })
        };
        let (before, after) = (pg_sys::TRIGGER_TYPE_BEFORE, pg_sys::TRIGGER_TYPE_AFTER);
        (*descriptor).trig_insert_before_row = has(before, pg_sys::TRIGGER_TYPE_INSERT);
        (*descriptor).trig_insert_after_row = has(after, pg_sys::TRIGGER_TYPE_INSERT);
        (*descriptor).trig_update_before_row = has(before, pg_sys::TRIGGER_TYPE_UPDATE);
        (*descriptor).trig_update_after_row = has(after, pg_sys::TRIGGER_TYPE_UPDATE);
        (*descriptor).trig_delete_before_row = has(before, pg_sys::TRIGGER_TYPE_DELETE);
        (*descriptor).trig_delete_after_row = has(after, pg_sys::TRIGGER_TYPE_DELETE);
    }
}

/// `pg_trigger.tgenabled`: A always, R in replica mode, O otherwise, D never.
fn may_fire(enabled: std::ffi::c_char, is_replica: bool) -> bool {
    match enabled as u8 {
        b'A' => true,
        b'R' => is_replica,
        b'O' => !is_replica,
        _ => false,
    }
}
