//! A row that is written while another worker keeps the tombstone of a delete that overtook it.
//!
//! With three nodes a delete can arrive before the insert it follows, from another peer and so in
//! another worker. At the same moment neither finds the other: there is no row to lock, and no
//! tombstone yet. So each writes first and looks afterwards. The delete keeps its tombstone,
//! announces it (presence.rs) and looks for the row once more; whoever has written a row looks
//! whether anything was announced since it looked for tombstones. One of the two sees the other, and
//! waits for it to end.

use super::applying::{Applying, MessageRow};
use super::conflict_log::Side;
use super::held::{Writer, WriterKind};
use super::scope::{self, OpenTable};
use super::table::Table;
use super::{presence, tombstone};
use crate::superuser;
use crate::tap::message::RowKind;
use crate::tap::relations;
use crate::tap::session;
use crate::tap::transaction::{Arrived, TRANSACTION};
use pgrx::pg_sys;
use std::cell::Cell;
use steep_conflict::{Action, ChangeKind, Evidence, decide};

thread_local! {
    /// The table whose guard has fired for the current change, and its announcements before that.
    static LOOKED_AT: Cell<Option<(pg_sys::Oid, u64)>> = const { Cell::new(None) };
}

/// The guard is about to look for tombstones.
pub(super) fn looking(table: pg_sys::Oid) {
    LOOKED_AT.set(Some((table, presence::announcements(table))));
}

/// The worker has done with a change. Takes its row back if a tombstone has come that is newer.
///
/// # Safety
/// In an apply worker that asks for the next message, inside the transaction of the last one.
pub(crate) unsafe fn written(arrived: &Arrived) {
    let Some((table, before)) = LOOKED_AT.take() else { return };
    if arrived.kind == RowKind::Delete || presence::announcements(table) == before {
        return;
    }
    // SAFETY: the caller's promise. There is no active snapshot between two messages.
    unsafe {
        pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot());
        look(arrived);
        pg_sys::PopActiveSnapshot();
        pg_sys::CommandCounterIncrement();
    }
    // Judging it has put it back; its bytes are about to be freed.
    TRANSACTION.with_borrow_mut(|transaction| transaction.last = None);
}

unsafe fn look(arrived: &Arrived) {
    // SAFETY: the caller's promise, throughout.
    unsafe {
        let Some(session) = session::current() else { return };
        // Two nodes' changes cannot overtake each other.
        if session.members <= 2 {
            return;
        }
        let Some(relation) = relations::get(arrived.relation) else { return };
        let Some(oid) = relation.local() else { return };
        let open = pg_sys::table_open(oid, pg_sys::RowExclusiveLock as i32);
        let table = Table::of(open);
        pg_sys::table_close(open, pg_sys::NoLock as i32);
        let Some(policy) = session.tables.get(&table.root.to_u32()).cloned() else { return };
        let owner = table.owner;
        let applying = Applying::last_of(arrived, session, table, policy);
        // Input functions and operators are the owner's code: never as the worker's own user.
        superuser::as_user(owner, || {
            let leaves = scope::leaves(oid);
            let _ = leaves.into_iter().any(|leaf| take_back(&applying, leaf, arrived.kind));
        });
    }
}

/// Whether the row is in this leaf; if so it is judged.
unsafe fn take_back(applying: &Applying, leaf: pg_sys::Oid, kind: RowKind) -> bool {
    // SAFETY: the caller's promise, throughout.
    unsafe {
        let open = OpenTable::get(leaf);
        let of_leaf = applying.with_table(Table::of(open.relation));
        let Some(row) = of_leaf.slot_of(MessageRow::New, open.descriptor) else { return true };
        let Some(found) = open.find_surely(&of_leaf.table, row.slot) else { return false };
        // Somebody else's by now: decided by whoever wrote it.
        if Writer::of(found.tuple).kind != WriterKind::Own {
            return true;
        }
        let Some(tombstone) = tombstone::find(&of_leaf.table, found.slot, &of_leaf.session) else {
            return true;
        };
        let kind = match kind {
            RowKind::Update => ChangeKind::Update,
            _ => ChangeKind::Insert,
        };
        let state = tombstone.state(&of_leaf.session, &of_leaf.policy);
        let change = of_leaf.change(kind, Evidence::Unproved);
        let decision = decide(&state, &change, &of_leaf.merge_policy());
        if !matches!(decision.action, Action::Skip | Action::Defer) {
            return true;
        }
        if let Some(conflict) = decision.conflict {
            let side = Side::of(&of_leaf, tombstone.writer, None);
            let remote = of_leaf.table.jsonb(found.tuple, open.descriptor);
            of_leaf.log(&conflict, found.slot, &side, Some(remote));
        }
        open.delete(found.tid);
        true
    }
}
