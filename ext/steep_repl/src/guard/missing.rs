//! A change that fired no trigger: its row is not here, or its table is not guarded.

use super::applying::{Applying, MessageRow, MessageSlot};
use super::scope::{self, OpenTable};
use super::table::Table;
use super::write::{self, Mode};
use super::{Verdict, delete, key, tombstone, triggers};
use crate::superuser;
use crate::tap::message::{Relation, RowKind};
use crate::tap::session::{self, Session};
use crate::tap::transaction::Arrived;
use crate::tap::{self, relations};
use pgrx::pg_sys;
use pgrx::prelude::*;
use std::rc::Rc;
use steep_conflict::{Action, ChangeKind, RowState, decide};

/// # Safety
/// In an apply worker that asks for the next message, inside the transaction of the last one.
pub(super) unsafe fn no_trigger_fired(arrived: &Arrived) {
    let Some(session) = session::current() else { return };
    let Some(relation) = relations::get(arrived.relation) else {
        return tap::unreadable("change of a table that it has not described");
    };
    // SAFETY: the caller's promise, throughout. There is no active snapshot between two messages.
    unsafe {
        pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot());
        judge(arrived, &session, &relation);
        pg_sys::PopActiveSnapshot();
        pg_sys::CommandCounterIncrement();
    }
}

unsafe fn judge(arrived: &Arrived, session: &Rc<Session>, relation: &Rc<Relation>) {
    // SAFETY: the caller's promise, throughout.
    unsafe {
        let Some(oid) = relation.local() else {
            return not_added(&relation.schema, &relation.name);
        };
        if session.is_control(oid) {
            if relation.name == "heartbeats" {
                session::heartbeat_applied();
            }
            return;
        }
        let open = pg_sys::table_open(oid, pg_sys::RowExclusiveLock as i32);
        let table = Table::of(open);
        let policy = session.tables.get(&table.root.to_u32()).cloned();
        pg_sys::table_close(open, pg_sys::NoLock as i32);
        let Some(policy) = policy else { return not_added(&relation.schema, &relation.name) };
        if !policy.is_active {
            return;
        }
        let owner = table.owner;
        let applying = Applying::last_of(arrived, session.clone(), table, policy);
        if !applying.has_message() {
            return tap::unreadable("change of a row");
        }
        // Input functions, domains and casts are the owner's code: never as the worker's own user.
        superuser::as_user(owner, || match arrived.kind {
            RowKind::Insert if may_veto(oid) => {}
            RowKind::Insert => not_applied(&applying),
            RowKind::Update if may_veto(oid) && is_here(&applying, oid) => {}
            RowKind::Update => update(&applying, oid),
            RowKind::Delete if may_veto(oid) && is_here(&applying, oid) => {}
            RowKind::Delete => bury(&applying, oid),
        });
    }
}

/// Whether a trigger of the user's fires before the guard and may have called the change off.
unsafe fn may_veto(relation: pg_sys::Oid) -> bool {
    // SAFETY: the tables are locked by the worker, or by the look-up.
    unsafe {
        scope::leaves(relation).into_iter().any(|leaf| {
            triggers::of(OpenTable::get(leaf).relation)
                .any(|trigger| trigger.is_before() && trigger.comes_before_guard())
        })
    }
}

/// Whether the row that the change is about is here after all.
unsafe fn is_here(applying: &Applying, relation: pg_sys::Oid) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        scope::leaves(relation).into_iter().any(|leaf| {
            let open = OpenTable::get(leaf);
            let table = Table::of(open.relation);
            let of_leaf = applying.with_table(table.clone());
            let old = of_leaf.slot_of(MessageRow::Old, open.descriptor);
            let row = old.or_else(|| of_leaf.slot_of(MessageRow::New, open.descriptor));
            row.is_some_and(|row| open.find(row.slot, table.key_index).is_some())
        })
    }
}

unsafe fn update(applying: &Applying, relation: pg_sys::Oid) {
    let table = &applying.table;
    // SAFETY: the caller's promise, throughout.
    unsafe {
        let descriptor = descriptor_of(relation);
        let new = applying.slot_of(MessageRow::New, descriptor);
        let old = applying.slot_of(MessageRow::Old, descriptor);
        let Some(new) = new else { return };
        let unchanged = take_keys_from_old(table, &new, old.as_ref(), applying.unchanged());
        let moves = old.as_ref().is_some_and(|old| !key::same_key(table, old.slot, new.slot));
        if moves {
            bury(applying, relation);
        }
        let values: Vec<_> =
            new.sent.iter().map(|place| (*place, key::optional_value(new.slot, *place))).collect();
        let mode = Mode::MissingUpdate { unchanged, is_insert: moves };
        write::insert_values(table, relation, &values, mode);
    }
}

/// A key that is stored out of line and did not change is in the message's old row only. Returns the
/// places that are still unknown.
unsafe fn take_keys_from_old(
    table: &Table,
    new: &MessageSlot,
    old: Option<&MessageSlot>,
    unchanged: Vec<usize>,
) -> Vec<usize> {
    let Some(old) = old else { return unchanged };
    let (keys, others): (Vec<_>, Vec<_>) =
        unchanged.into_iter().partition(|place| table.key.iter().any(|key| key.place == *place));
    for place in keys {
        // SAFETY: both slots are virtual ones of the same table.
        unsafe {
            let (value, is_null) = key::value(old.slot, place);
            *(*new.slot).tts_values.add(place) = value;
            *(*new.slot).tts_isnull.add(place) = is_null;
        }
    }
    others
}

/// A delete that found no row is kept as a tombstone, unless the row is here after all: the
/// worker's scan can miss a row that is being updated, and another worker may write it just now
/// (overtaken.rs).
unsafe fn bury(applying: &Applying, relation: pg_sys::Oid) {
    // SAFETY: the caller's promise, throughout.
    unsafe {
        if delete_if_here(applying, relation) {
            return;
        }
        let row = applying.slot_of(MessageRow::Old, descriptor_of(relation));
        let Some(row) = row else { return };
        let state = match tombstone::find(&applying.table, row.slot, &applying.session) {
            Some(found) => found.state(&applying.session, &applying.policy),
            None => RowState::Absent,
        };
        let change = applying.change(ChangeKind::Delete, steep_conflict::Evidence::Unproved);
        let decision = decide(&state, &change, &applying.merge_policy());
        if decision.action == Action::Bury || decision.action == Action::Apply {
            tombstone::bury(&applying.table, row.slot, &applying.deleter(), None);
            tombstone::write();
            delete_if_here(applying, relation);
        }
    }
}

/// Whether the row is here; if so the delete is decided as any other.
unsafe fn delete_if_here(applying: &Applying, relation: pg_sys::Oid) -> bool {
    // SAFETY: the caller's promise, throughout.
    unsafe {
        for leaf in scope::leaves(relation) {
            let open = OpenTable::get(leaf);
            let table = Table::of(open.relation);
            let of_leaf = applying.with_table(table.clone());
            let Some(row) = of_leaf.slot_of(MessageRow::Old, open.descriptor) else { return true };
            let Some(found) = open.find_surely(&table, row.slot) else { continue };
            let verdict = delete::delete(table, open.relation, found.slot, found.tuple);
            if !matches!(verdict, Verdict::Skip) {
                open.delete(found.tid);
            }
            return true;
        }
        false
    }
}

/// A row descriptor that belongs to the current memory context, of a table that is locked.
unsafe fn descriptor_of(relation: pg_sys::Oid) -> pg_sys::TupleDesc {
    // SAFETY: the caller's promise.
    unsafe {
        let open = pg_sys::table_open(relation, pg_sys::NoLock as i32);
        let copy = pg_sys::CreateTupleDescCopy((*open).rd_att);
        pg_sys::table_close(open, pg_sys::NoLock as i32);
        copy
    }
}

/// The table is published there and not replicated here: going on would lose its changes.
pub(super) fn not_added(schema: &str, name: &str) {
    pg_sys::panic::ErrorReport::new(
        PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("table \"{}.{}\" of node \"{}\" is not replicated here", schema, name, session::peer_name()),
        function_name!(),
    )
    .set_detail(format!("Subscription \"{}\" waits so that no change is lost.", session::subscription()))
    .set_hint(format!("select steep_repl.add_table('{}.{}'); or take it out there with steep_repl.remove_table().", schema, name))
    .report(PgLogLevel::ERROR);
}

/// The worker did not apply an insert of a guarded table: its subscription does not have the table.
fn not_applied(applying: &Applying) {
    pg_sys::panic::ErrorReport::new(
        PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("subscription \"{}\" does not apply table {}", session::subscription(), applying.table.qualified_name()),
        function_name!(),
    )
    .set_detail("Its guard did not fire, so the row would be lost.")
    .set_hint(format!("select steep_repl.add_peer('{}', '{}'); and see that the trigger steep_repl_guard is enabled.", applying.peer(), session::subscription()))
    .report(PgLogLevel::ERROR);
}
