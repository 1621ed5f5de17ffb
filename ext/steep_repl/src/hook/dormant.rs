//! Triggers of ours that do nothing in this process cost nothing in it.
//!
//! PostgreSQL looks at a table's triggers before it asks whether they may fire: a row trigger before
//! an update makes every session lock each row first, one before an insert makes COPY write row by
//! row, although the guard does its work in apply workers only. The flags by which PostgreSQL knows
//! what kinds of triggers a table has (`SetTriggerFlags`, trigger.c) are set anew here, without
//! counting ours where they do nothing. Which those are is the same for the life of a process, so it
//! does not matter for how long the flags stay; triggers of others always count.

#![allow(unsafe_code)]

use pgrx::pg_sys;
use std::ffi::CStr;

/// Does nothing in a session.
const IN_SESSIONS: [&CStr; 1] = [c"steep_repl_guard"];
/// Do nothing in an apply worker.
const IN_WORKERS: [&CStr; 2] = [c"steep_repl_deletes", c"steep_repl_keys"];

/// Sets the flags of the relation's triggers, in this process.
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
        let dormant = if pg_sys::IsLogicalWorker() { &IN_WORKERS[..] } else { &IN_SESSIONS[..] };
        let count = usize::try_from((*descriptor).numtriggers).unwrap_or_default();
        let triggers = std::slice::from_raw_parts((*descriptor).triggers, count);
        let is_dormant = |trigger: &pg_sys::Trigger| {
            let name = CStr::from_ptr(trigger.tgname);
            dormant.contains(&name)
        };
        if !triggers.iter().any(is_dormant) {
            return;
        }
        let has = |timing: u32, event: u32| {
            triggers.iter().any(|trigger| {
                let kind = trigger.tgtype as u32;
                kind & pg_sys::TRIGGER_TYPE_ROW != 0
                    && kind & pg_sys::TRIGGER_TYPE_TIMING_MASK == timing
                    && kind & event != 0
                    && !is_dormant(trigger)
            })
        };
        let (before, after) = (pg_sys::TRIGGER_TYPE_BEFORE, pg_sys::TRIGGER_TYPE_AFTER);
        (*descriptor).trig_insert_before_row = has(before, pg_sys::TRIGGER_TYPE_INSERT);
        (*descriptor).trig_update_before_row = has(before, pg_sys::TRIGGER_TYPE_UPDATE);
        (*descriptor).trig_update_after_row = has(after, pg_sys::TRIGGER_TYPE_UPDATE);
        (*descriptor).trig_delete_before_row = has(before, pg_sys::TRIGGER_TYPE_DELETE);
        (*descriptor).trig_delete_after_row = has(after, pg_sys::TRIGGER_TYPE_DELETE);
    }
}
