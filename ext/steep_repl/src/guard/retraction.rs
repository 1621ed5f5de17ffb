//! Retractions: rows that lost a unique key, to be dropped by every node.
//!
//! They are published by a transaction of this node's own, after the applying one; until then they
//! stand in `steep_repl.pending_retractions`.

use super::applying::{self, Applying};
use super::held::Writer;
use super::scope::{self, OpenTable};
use super::table::Table;
use super::tombstone::{self, Retracted};
use super::{key, missing, modes, own_table, unbound};
use crate::superuser;
use crate::tap::{housekeeping, relations, session};
use pgrx::pg_sys;
use pgrx::prelude::*;
use std::cell::RefCell;
use steep_conflict::{Action, Change, ChangeKind, RowState, Version, decide};
use steep_types::CommitTs;

/// A retraction of the running transaction.
struct Announced {
    relation: pg_sys::Oid,
    hash: i64,
    key: Vec<Option<String>>,
    at: CommitTs,
    node: String,
}

thread_local! {
    static ANNOUNCED: RefCell<Vec<Announced>> = const { RefCell::new(Vec::new()) };
}

/// # Safety
/// Inside a transaction; `row` holds the key of the row that lost.
pub(super) unsafe fn announce(
    table: &Table,
    row: *mut pg_sys::TupleTableSlot,
    version: &Retracted<'_>,
) {
    // SAFETY: the caller's promise.
    let (hash, texts) = unsafe { (key::hash(table, row), key::texts(key::as_texts(table, row))) };
    ANNOUNCED.with_borrow_mut(|announced| {
        announced.push(Announced {
            relation: table.root,
            hash,
            key: texts,
            at: version.at,
            node: version.node.to_owned(),
        });
    });
}

/// The transaction has put the row in place after all: its last word on it counts.
///
/// # Safety
/// Inside a transaction; `row` holds the row.
pub(super) unsafe fn withdraw(table: &Table, row: *mut pg_sys::TupleTableSlot) {
    if ANNOUNCED.with_borrow(Vec::is_empty) {
        return;
    }
    // SAFETY: the caller's promise.
    let hash = unsafe { key::hash(table, row) };
    ANNOUNCED.with_borrow_mut(|announced| {
        announced.retain(|retracted| {
            // SAFETY: the caller's promise.
            let is_same = || unsafe { key::equals(table, row, &retracted.key) };
            !(retracted.relation == table.root && retracted.hash == hash && is_same())
        });
    });
}

/// Leaves the transaction's retractions to be published.
///
/// # Safety
/// Inside the transaction, before it commits.
pub(super) unsafe fn write_pending() {
    let announced = ANNOUNCED.take();
    if announced.is_empty() {
        return;
    }
    // SAFETY: the caller's promise; the values are those of the table's columns.
    unsafe {
        let sequence = own_table::oid(c"pending_retractions_id_seq");
        for retracted in announced {
            own_table::add(
                own_table::oid(c"pending_retractions"),
                &[
                    Some(unbound::nextval_internal(sequence, false).into()),
                    Some(retracted.relation.into()),
                    retracted.key.into_datum(),
                    Some(retracted.at.as_micros().into()),
                    retracted.node.into_datum(),
                ],
            );
        }
    }
    housekeeping::retractions_are_pending();
}

pub(super) fn forget() {
    ANNOUNCED.take();
}

/// Carries out a retraction that has arrived: a row of `steep_repl.retractions`.
///
/// # Safety
/// In an apply worker, inside a transaction; `row` is that row.
pub(super) unsafe fn apply(row: *mut pg_sys::TupleTableSlot) {
    // SAFETY: the columns of steep_repl.retractions, none of them null.
    unsafe {
        let text = |place| String::from_datum(key::value(row, place).0, false).unwrap_or_default();
        let (schema, name) = (text(2), text(3));
        let texts = key::texts(key::value(row, 4).0);
        let at = CommitTs::from_micros(key::value(row, 5).0.value() as i64);
        let node = text(6);
        let Some(session) = session::current() else { return };
        let Some(oid) = relations::table_named(&schema, &name) else {
            return missing::not_added(&schema, &name);
        };
        let leaves = scope::leaves(oid);
        let holder = || leaves.iter().find(|leaf| holds(**leaf, &texts));
        let in_leaf = |leaf: pg_sys::Oid| {
            let open = OpenTable::get(leaf);
            let table = Table::of(open.relation);
            let Some(policy) = applying::policy_of(&session, &table) else { return };
            let applying = Applying::last(session.clone(), table, policy);
            let owner = applying.table.owner;
            superuser::as_user(owner, || retract(&applying, &open, &texts, at, &node));
        };
        if let Some(leaf) = holder() {
            return in_leaf(*leaf);
        }
        // Any leaf will do to remember the key.
        let Some(leaf) = leaves.first() else { return };
        in_leaf(*leaf);
        // Another worker may write the row just now (overtaken.rs).
        tombstone::write();
        if let Some(leaf) = holder() {
            in_leaf(*leaf);
        }
    }
}

/// Whether a table holds a row of this key.
unsafe fn holds(leaf: pg_sys::Oid, texts: &[Option<String>]) -> bool {
    // SAFETY: the caller's promise. Input functions and operators are the owner's code.
    unsafe {
        let open = OpenTable::get(leaf);
        let table = Table::of(open.relation);
        superuser::as_user(table.owner, || {
            let row = slot_of_key(&table, open.descriptor, texts);
            row.is_some_and(|row| open.find_surely(&table, row).is_some())
        })
    }
}

/// # Safety
/// Inside a transaction.
unsafe fn retract(
    applying: &Applying,
    open: &OpenTable,
    texts: &[Option<String>],
    at: CommitTs,
    node: &str,
) {
    let (session, table) = (&applying.session, &applying.table);
    let author = session.node_named(node).unwrap_or(session.peer);
    let version = Version::new(at, session.origin(&applying.policy, author));
    // SAFETY: the caller's promise.
    unsafe {
        let Some(row) = slot_of_key(table, open.descriptor, texts) else { return };
        let found = open.find_surely(table, row);
        let state = match &found {
            Some(found) => RowState::Live(Writer::of(found.tuple).held(session, &applying.policy)),
            None => tombstone::find(table, row, session)
                .map_or(RowState::Absent, |found| found.state(session, &applying.policy)),
        };
        let change = Change::new(ChangeKind::Retract, version);
        let decision = decide(&state, &change, &applying.merge_policy());
        if let Some(conflict) = decision.conflict {
            let held = found.as_ref().map(|f| table.jsonb(f.tuple, open.descriptor));
            let side = super::conflict_log::Side { tuple: held, at: None, node: None };
            applying.log(&conflict, row, &side, None);
        }
        match (decision.action, found) {
            (Action::Skip | Action::Defer | Action::Await, _) => return,
            (_, Some(found)) => open.delete(found.tid),
            (_, None) => {}
        }
        let retracted = Retracted { at, node };
        tombstone::bury(table, row, &applying.deleter(), Some(&retracted));
    }
}

/// A slot with the key columns only.
///
/// # Safety
/// Inside a transaction with a snapshot; `descriptor` is the table's.
pub(super) unsafe fn slot_of_key(
    table: &Table,
    descriptor: pg_sys::TupleDesc,
    texts: &[Option<String>],
) -> Option<*mut pg_sys::TupleTableSlot> {
    if texts.len() != table.key.len() {
        return None;
    }
    // SAFETY: the caller's promise.
    unsafe {
        let _settings = modes::stable_texts();
        let slot = pg_sys::MakeSingleTupleTableSlot(descriptor, &raw const pg_sys::TTSOpsVirtual);
        pg_sys::ExecStoreAllNullTuple(slot);
        for (key, text) in table.key.iter().zip(texts) {
            let text = std::ffi::CString::new(text.as_deref()?).ok()?;
            *(*slot).tts_values.add(key.place) = table.columns[key.place].parse(&text);
            *(*slot).tts_isnull.add(key.place) = false;
        }
        Some(slot)
    }
}
