//! An update whose row is here.

use super::applying::{self, Applying};
use super::conflict_log::Side;
use super::held::{Writer, WriterKind};
use super::scope::OpenTable;
use super::table::Table;
use super::{Verdict, key, place, tombstone};
use crate::tap::session;
use pgrx::pg_sys;
use std::rc::Rc;
use steep_conflict::{Action, ChangeKind, Evidence, RowState, decide};

/// The rows of the trigger call.
#[derive(Clone, Copy)]
pub(super) struct Rows {
    pub(super) relation: pg_sys::Relation,
    pub(super) old: *mut pg_sys::TupleTableSlot,
    pub(super) old_tuple: pg_sys::HeapTuple,
    pub(super) new: *mut pg_sys::TupleTableSlot,
    pub(super) new_tuple: pg_sys::HeapTuple,
}

/// # Safety
/// In a row trigger of an apply worker.
pub(super) unsafe fn update(table: Rc<Table>, rows: Rows) -> Verdict {
    // SAFETY: the caller's promise, throughout.
    unsafe {
        let writer = Writer::of(rows.old_tuple);
        let is_own = is_own_write(writer);
        let moves = !key::same_key(&table, rows.old, rows.new);
        let contends = touches_unique(&table, rows.old, rows.new);
        if is_own && !moves && !contends && session::is_peer() {
            return Verdict::Pass;
        }
        let session = applying::require_session(&table);
        let Some(policy) = applying::policy_of(&session, &table) else { return Verdict::Skip };
        let applying = Applying::last(session, table, policy);
        let open = OpenTable::get((*rows.relation).rd_id);
        if moves {
            move_row(&applying, &open, rows, writer)
        } else {
            change_row(&applying, &open, rows, writer, contends)
        }
    }
}

/// Whether the row was last written by the same stream, in its order, or by this transaction:
/// nothing to decide.
pub(super) fn is_own_write(writer: Writer) -> bool {
    match writer.kind {
        WriterKind::Own => true,
        WriterKind::Unknown => false,
        WriterKind::Known { at, roident } => {
            // SAFETY: a plain global, constant in an apply worker.
            roident == unsafe { pg_sys::replorigin_session_origin }
                && at <= session::remote_commit_ts()
        }
    }
}

/// Whether a unique value other than the key may change.
pub(super) fn touches_unique(
    table: &Table,
    old: *mut pg_sys::TupleTableSlot,
    new: *mut pg_sys::TupleTableSlot,
) -> bool {
    table.secondary.iter().any(|index| match &index.columns {
        // SAFETY: both slots hold rows of the table.
        Some(columns) => columns.iter().any(|place| unsafe {
            // Generated columns are computed after the trigger.
            !table.columns[*place].is_sent || !key::same(table, old, new, *place)
        }),
        None => true,
    })
}

unsafe fn change_row(
    applying: &Applying,
    open: &OpenTable,
    rows: Rows,
    writer: Writer,
    contends: bool,
) -> Verdict {
    let table = &applying.table;
    // SAFETY: the caller's promise, throughout.
    unsafe {
        let unchanged = applying.unchanged();
        let evidence = applying.evidence(writer, applying.old_row_is(rows.old));
        let mut change = applying.change(ChangeKind::Update, evidence);
        change.identical = key::same_row(table, rows.old, rows.new);
        change.columns = applying.columns(&unchanged);
        let held = RowState::Live(writer.held(&applying.session, &applying.policy));
        let decision = decide(&held, &change, &applying.merge_policy());
        let descriptor = open.descriptor;
        let whole = whole_row(applying, rows.new_tuple, descriptor, &unchanged, evidence);
        let tuple = whole.unwrap_or(rows.new_tuple);
        if let Some(conflict) = decision.conflict {
            let local = Side::of(applying, writer, Some(table.jsonb(rows.old_tuple, descriptor)));
            let remote = open.incoming_jsonb(table, tuple);
            applying.log(&conflict, rows.old, &local, Some(remote));
        }
        match decision.action {
            Action::Skip | Action::Defer => return Verdict::Skip,
            Action::Await => place::await_row(applying),
            _ => {}
        }
        if contends {
            let probe = open.with_generated(table, rows.new, pg_sys::CmdType::CMD_UPDATE);
            let places = place::Places { own: Some((*rows.old_tuple).t_self), leaving: None };
            let verdict = place::contest(applying, open, probe, tuple, places, &change);
            if matches!(verdict, Verdict::Skip) {
                return verdict;
            }
        }
        if whole.is_some() { Verdict::Replace(tuple) } else { Verdict::Pass }
    }
}

/// Columns that a concurrent update left out are in the worker's new row with this node's values;
/// with a full replica identity the message has the right ones.
unsafe fn whole_row(
    applying: &Applying,
    tuple: pg_sys::HeapTuple,
    descriptor: pg_sys::TupleDesc,
    unchanged: &[usize],
    evidence: Evidence,
) -> Option<pg_sys::HeapTuple> {
    if unchanged.is_empty() || evidence == Evidence::RemoteSawLocal {
        return None;
    }
    // SAFETY: the caller's promise.
    unsafe {
        let values = applying.old_values(unchanged)?;
        Some(place::with_values(tuple, descriptor, unchanged, &values))
    }
}

/// An update that changes the key is two changes of one version: a delete of the old key and an
/// insert of the new one, each of which may win or lose.
unsafe fn move_row(applying: &Applying, open: &OpenTable, rows: Rows, writer: Writer) -> Verdict {
    let table = &applying.table;
    // SAFETY: the caller's promise, throughout.
    unsafe {
        let held = RowState::Live(writer.held(&applying.session, &applying.policy));
        let evidence = applying.evidence(writer, applying.old_row_is(rows.old));
        let delete = applying.change(ChangeKind::Delete, evidence);
        let decision = decide(&held, &delete, &applying.merge_policy());
        if let Some(conflict) = decision.conflict {
            let row = table.jsonb(rows.old_tuple, open.descriptor);
            applying.log(&conflict, rows.old, &Side::of(applying, writer, Some(row)), None);
        }
        let leaves = !matches!(decision.action, Action::Skip | Action::Defer | Action::Await);
        let unchanged = applying.unchanged();
        // What the worker filled in is right if the row it took it from was the one updated.
        let missing = if leaves && evidence != Evidence::Concurrent { &[][..] } else { &unchanged };
        let arrives = place::insert(
            applying,
            open,
            place::Incoming {
                row: rows.new,
                tuple: rows.new_tuple,
                kind: ChangeKind::Insert,
                missing,
                leaving: leaves.then_some((*rows.old_tuple).t_self),
            },
        );
        if leaves && applying.needs_tombstone() {
            tombstone::bury(table, rows.old, &applying.deleter(), None);
        }
        match (leaves, arrives) {
            (true, Verdict::Skip) => {
                open.delete((*rows.old_tuple).t_self);
                Verdict::Skip
            }
            (true, verdict) => verdict,
            (false, Verdict::Skip) => Verdict::Skip,
            (false, verdict) => {
                let tuple = match verdict {
                    Verdict::Replace(tuple) => tuple,
                    _ => rows.new_tuple,
                };
                super::write::insert(applying, open, tuple);
                Verdict::Skip
            }
        }
    }
}
