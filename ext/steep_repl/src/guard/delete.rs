//! A delete whose row is here.

use super::applying::{self, Applying};
use super::conflict_log::Side;
use super::held::Writer;
use super::table::Table;
use super::update::is_own_write;
use super::{Verdict, tombstone};
use crate::tap::session;
use pgrx::pg_sys;
use std::rc::Rc;
use steep_conflict::{Action, ChangeKind, RowState, decide};

/// # Safety
/// In a row trigger of an apply worker, or with a row that was found and locked.
pub(super) unsafe fn delete(
    table: Rc<Table>,
    relation: pg_sys::Relation,
    old: *mut pg_sys::TupleTableSlot,
    old_tuple: pg_sys::HeapTuple,
) -> Verdict {
    // SAFETY: the caller's promise, throughout.
    unsafe {
        let writer = Writer::of(old_tuple);
        if is_own_write(writer) && session::current().is_some_and(|s| s.members <= 2) {
            return Verdict::Pass;
        }
        let session = applying::require_session(&table);
        let Some(policy) = applying::policy_of(&session, &table) else { return Verdict::Skip };
        let applying = Applying::last(session, table, policy);
        let held = RowState::Live(writer.held(&applying.session, &applying.policy));
        let evidence = applying.evidence(writer, applying.old_row_is(old));
        let change = applying.change(ChangeKind::Delete, evidence);
        let decision = decide(&held, &change, &applying.merge_policy());
        if let Some(conflict) = decision.conflict {
            let row = applying.table.jsonb(old_tuple, (*relation).rd_att);
            applying.log(&conflict, old, &Side::of(&applying, writer, Some(row)), None);
        }
        if matches!(decision.action, Action::Skip | Action::Defer | Action::Await) {
            return Verdict::Skip;
        }
        if applying.needs_tombstone() {
            tombstone::bury(&applying.table, old, &applying.deleter(), None);
        }
        Verdict::Pass
    }
}
