//! Triggers of ours that do nothing in this process cost nothing in it.
//!
//! PostgreSQL looks at a table's triggers before it asks whether they may fire: a row trigger before
//! an update makes every session lock each row first, one before an insert makes COPY write row by
//! row, although the guard does its work in apply workers only. The flags by which PostgreSQL knows
//! what kinds of triggers a table has (`SetTriggerFlags`, trigger.c) are set anew here, without
//! counting ours where they do nothing. Which those are is the same for the life of a process, so it
//! does not matter for how long the flags stay; triggers of others always count.
//!
//! An apply worker also copies the descriptions of all triggers for each single row
//! (`InitResultRelInfo`, execMain.c), so there ours are taken out altogether. What has begun with
//! such a copy goes on with it.

#![allow(unsafe_code)]

use pgrx::pg_sys;
use std::ffi::{CStr, c_char};

/// Does nothing in a session.
const IN_SESSIONS: [&CStr; 1] = [c"steep_repl_guard"];
/// Do nothing in an apply worker.
const IN_WORKERS: [&CStr; 2] = [c"steep_repl_deletes", c"steep_repl_keys"];

/// Hides those triggers of the relation that do nothing in this process.
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
        let is_worker = pg_sys::IsLogicalWorker();
        let dormant = if is_worker { &IN_WORKERS[..] } else { &IN_SESSIONS[..] };
        let count = usize::try_from((*descriptor).numtriggers).unwrap_or_default();
        let triggers = std::slice::from_raw_parts_mut((*descriptor).triggers, count);
        let is_dormant = |trigger: &pg_sys::Trigger| {
            let name = CStr::from_ptr(trigger.tgname);
            dormant.contains(&name)
        };
        if !triggers.iter().any(is_dormant) {
            return;
        }
        set_flags(descriptor, triggers, is_dormant);
        if is_worker {
            (*descriptor).numtriggers = take_out(triggers, is_dormant) as i32;
        }
    }
}

/// The flags that triggers of ours have a part in.
unsafe fn set_flags(
    descriptor: *mut pg_sys::TriggerDesc,
    triggers: &[pg_sys::Trigger],
    is_dormant: impl Fn(&pg_sys::Trigger) -> bool,
) {
    let counted = |level: u32, timing: u32, event: u32| {
        triggers.iter().filter(move |trigger| {
            let kind = trigger.tgtype as u32;
            kind & pg_sys::TRIGGER_TYPE_ROW == level
                && kind & pg_sys::TRIGGER_TYPE_TIMING_MASK == timing
                && kind & event != 0
        })
    };
    let has = |level, timing, event| counted(level, timing, event).any(|t| !is_dormant(t));
    let (row, statement) = (pg_sys::TRIGGER_TYPE_ROW, 0);
    let (before, after) = (pg_sys::TRIGGER_TYPE_BEFORE, pg_sys::TRIGGER_TYPE_AFTER);
    let delete = pg_sys::TRIGGER_TYPE_DELETE;
    let after_delete = [row, statement].into_iter().flat_map(|l| counted(l, after, delete));
    let has_old_table = after_delete.into_iter().any(|t| !t.tgoldtable.is_null() && !is_dormant(t));
    // SAFETY: the caller's descriptor.
    unsafe {
        (*descriptor).trig_insert_before_row = has(row, before, pg_sys::TRIGGER_TYPE_INSERT);
        (*descriptor).trig_update_before_row = has(row, before, pg_sys::TRIGGER_TYPE_UPDATE);
        (*descriptor).trig_update_after_row = has(row, after, pg_sys::TRIGGER_TYPE_UPDATE);
        (*descriptor).trig_delete_before_row = has(row, before, delete);
        (*descriptor).trig_delete_after_row = has(row, after, delete);
        (*descriptor).trig_delete_after_statement = has(statement, after, delete);
        (*descriptor).trig_delete_old_table = has_old_table;
    }
}

/// Closes the gaps in the array and frees what is taken out of it, as `FreeTriggerDesc` (trigger.c)
/// would; returns how many are left.
unsafe fn take_out(
    triggers: &mut [pg_sys::Trigger],
    is_dormant: impl Fn(&pg_sys::Trigger) -> bool,
) -> usize {
    let mut left = 0;
    for nth in 0..triggers.len() {
        let trigger = triggers[nth];
        if !is_dormant(&trigger) {
            triggers[left] = trigger;
            left += 1;
            continue;
        }
        let owned = [trigger.tgname, trigger.tgqual, trigger.tgoldtable, trigger.tgnewtable];
        // SAFETY: strings of the relation's own descriptor, which has no other reference to them
        // once the entry is gone.
        unsafe {
            owned
                .into_iter()
                .filter(|text: &*mut c_char| !text.is_null())
                .for_each(|text| pg_sys::pfree(text.cast()));
        }
    }
    left
}
