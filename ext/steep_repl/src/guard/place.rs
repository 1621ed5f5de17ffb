//! Whether an incoming row takes its place, at its key and among the holders of its unique values.

use super::applying::Applying;
use super::conflict_log::Side;
use super::held::{Writer, WriterKind};
use super::retraction;
use super::scope::{Found, OpenTable};
use super::table::Table;
use super::tombstone::{self, Retracted};
use super::{Verdict, key, modes, presence, probers};
use crate::tap::session::Session;
use pgrx::pg_sys;
use pgrx::prelude::*;
use steep_conflict::{
    Action, Change, ChangeKind, Columns, Conflict, ConflictType, Contender, Contest, PgConflict,
    Resolution, RowState, contend, decide,
};
use steep_types::CommitTs;

/// An update of a row that was deleted here, and whose message lacks columns.
const INCOMPLETE: Conflict = Conflict {
    kind: ConflictType::UpdateDelete,
    pg: Some(PgConflict::UpdateMissing),
    resolution: Resolution::Pending,
    mixed: true,
};

/// The local side of a key.
struct Local {
    state: RowState,
    writer: Option<Writer>,
    row: Option<Found>,
    old_row_is_local: Option<bool>,
    identical: bool,
    old_row: Option<String>,
}

/// A row that is about to be inserted.
#[derive(Clone, Copy)]
pub(super) struct Incoming<'a> {
    pub(super) row: *mut pg_sys::TupleTableSlot,
    /// The same row.
    pub(super) tuple: pg_sys::HeapTuple,
    pub(super) kind: ChangeKind,
    /// Places of columns that the message left out. They are taken from the local row or from what
    /// its tombstone kept.
    pub(super) missing: &'a [usize],
    /// The row whose key the change takes away: it holds nothing against its own new key.
    pub(super) leaving: Option<pg_sys::ItemPointerData>,
}

/// Whether nothing stands in a row's way: no row with one of its unique values, no tombstone of its
/// key.
///
/// # Safety
/// Inside a transaction that holds a lock on the relation which allows writing; `row` holds a row of
/// it, generated columns included where a unique index needs them.
pub(super) unsafe fn is_free(
    table: &Table,
    relation: pg_sys::Oid,
    row: *mut pg_sys::TupleTableSlot,
    session: &Session,
) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        // One entry in question is enough to ask all indexes in full.
        let is_new = probers::is_surely_new(table, relation, row)
            || !OpenTable::get(relation).has_conflict(row);
        is_new
            && (!presence::is_possible(table.root)
                || tombstone::find(table, row, session).is_none())
    }
}

/// Decides on an incoming row, and removes what has to give way to it.
///
/// # Safety
/// Inside a transaction; the row is one of the applied table.
pub(super) unsafe fn insert(
    applying: &Applying,
    open: &OpenTable,
    incoming: Incoming<'_>,
) -> Verdict {
    let Incoming { row, tuple, kind, missing, leaving } = incoming;
    // SAFETY: the caller's promise, throughout.
    unsafe {
        let probe = open.with_generated(&applying.table, row, pg_sys::CmdType::CMD_INSERT);
        let local = find(applying, open, probe, kind);
        let descriptor = open.descriptor;
        let filled = fill(applying, &local, tuple, descriptor, missing);
        let tuple = filled.unwrap_or(tuple);
        let evidence = match local.writer {
            Some(writer) => applying.evidence(writer, local.old_row_is_local),
            None => steep_conflict::Evidence::Unproved,
        };
        let mut change = applying.change(kind, evidence);
        change.identical = local.identical;
        change.columns = match (missing.is_empty(), filled.is_some()) {
            (true, _) => Columns::All,
            (false, true) => Columns::FromLocal,
            (false, false) => Columns::Missing,
        };
        let policy = applying.merge_policy();
        let decision = decide(&local.state, &change, &policy);
        if let Some(conflict) = decision.conflict {
            let held = local.row.as_ref().map(|f| applying.table.jsonb(f.tuple, descriptor));
            let side = side(applying, &local, held);
            let remote = open.incoming_jsonb(&applying.table, tuple);
            applying.log(&conflict, row, &side, Some(remote));
        }
        match decision.action {
            Action::Skip | Action::Defer => return Verdict::Skip,
            Action::Await if local.writer.is_some() => {
                // It was deleted here, and what the message lacks is kept nowhere.
                let held = side(applying, &local, None);
                let remote = open.incoming_jsonb(&applying.table, tuple);
                applying.log(&INCOMPLETE, row, &held, Some(remote));
                return Verdict::Skip;
            }
            Action::Await => await_row(applying),
            _ => {}
        }
        let own = local.row.as_ref().map(|found| found.tid);
        let verdict = contest(applying, open, probe, tuple, Places { own, leaving }, &change);
        if matches!(verdict, Verdict::Skip) {
            return verdict;
        }
        if let Some(found) = &local.row {
            open.delete(found.tid);
        }
        if filled.is_some() { Verdict::Replace(tuple) } else { Verdict::Pass }
    }
}

unsafe fn find(
    applying: &Applying,
    open: &OpenTable,
    probe: *mut pg_sys::TupleTableSlot,
    kind: ChangeKind,
) -> Local {
    let (session, table) = (&applying.session, &applying.table);
    // SAFETY: the caller's promise.
    unsafe {
        if let Some(found) = open.find(probe, table.key_index) {
            let writer = Writer::of(found.tuple);
            let old_row_is_local = match kind {
                ChangeKind::Insert => Some(false),
                _ => applying.old_row_is(found.slot),
            };
            return Local {
                state: RowState::Live(writer.held(session, &applying.policy)),
                writer: Some(writer),
                identical: key::same_row(table, found.slot, probe),
                old_row_is_local,
                row: Some(found),
                old_row: None,
            };
        }
        let old_row_is_local = Some(kind == ChangeKind::Insert);
        let none = |state| Local {
            state,
            writer: None,
            row: None,
            old_row_is_local,
            identical: false,
            old_row: None,
        };
        match tombstone::find(table, probe, session) {
            Some(found) => Local {
                writer: Some(found.writer),
                old_row: found.old_row.clone(),
                ..none(found.state(session, &applying.policy))
            },
            None => none(RowState::Absent),
        }
    }
}

/// The new row with the columns that the message left out; `None` if there is nothing to fill in,
/// or nothing to take it from.
unsafe fn fill(
    applying: &Applying,
    local: &Local,
    tuple: pg_sys::HeapTuple,
    descriptor: pg_sys::TupleDesc,
    missing: &[usize],
) -> Option<pg_sys::HeapTuple> {
    if missing.is_empty() {
        return None;
    }
    // SAFETY: the caller's promise.
    unsafe {
        let values = if let Some(values) = applying.old_values(missing) {
            values
        } else if let Some(found) = &local.row {
            missing.iter().map(|place| key::optional_value(found.slot, *place)).collect()
        } else {
            kept(applying, local.old_row.as_deref()?, missing)?
        };
        Some(with_values(tuple, descriptor, missing, &values))
    }
}

/// Values that a tombstone kept, if it kept all that are wanted.
unsafe fn kept(
    applying: &Applying,
    old_row: &str,
    places: &[usize],
) -> Option<Vec<Option<pg_sys::Datum>>> {
    // SAFETY: the caller's promise.
    let _settings = unsafe { modes::stable_texts() };
    let old_row: serde_json::Value = serde_json::from_str(old_row).ok()?;
    places
        .iter()
        .map(|place| {
            let column = &applying.table.columns[*place];
            let text = old_row.get(&column.name)?.as_str()?;
            let text = std::ffi::CString::new(text).ok()?;
            // SAFETY: the caller's promise.
            Some(Some(unsafe { column.parse(&text) }))
        })
        .collect()
}

/// The row with other values at some places.
///
/// # Safety
/// `tuple` is a row of the table with that descriptor.
pub(super) unsafe fn with_values(
    tuple: pg_sys::HeapTuple,
    descriptor: pg_sys::TupleDesc,
    places: &[usize],
    values: &[Option<pg_sys::Datum>],
) -> pg_sys::HeapTuple {
    let mut numbers: Vec<i32> = places.iter().map(|place| *place as i32 + 1).collect();
    let mut data: Vec<_> = values.iter().map(|v| v.unwrap_or(pg_sys::Datum::null())).collect();
    let mut nulls: Vec<_> = values.iter().map(Option::is_none).collect();
    // SAFETY: the caller's promise; the arrays have the same length.
    unsafe {
        pg_sys::heap_modify_tuple_by_cols(
            tuple,
            descriptor,
            numbers.len() as i32,
            numbers.as_mut_ptr(),
            data.as_mut_ptr(),
            nulls.as_mut_ptr(),
        )
    }
}

fn side(applying: &Applying, local: &Local, tuple: Option<pg_sys::Datum>) -> Side {
    match local.writer {
        Some(writer) => Side::of(applying, writer, tuple),
        None => Side { tuple, at: None, node: None },
    }
}

/// Where rows stand that are no rivals of the incoming one.
#[derive(Clone, Copy)]
pub(super) struct Places {
    /// What stands at its key now.
    pub(super) own: Option<pg_sys::ItemPointerData>,
    /// What it leaves behind at its old key.
    pub(super) leaving: Option<pg_sys::ItemPointerData>,
}

/// A row that holds a unique value which the incoming row wants.
struct Holder {
    found: Found,
    writer: Writer,
    contender: Contender,
}

/// Settles who keeps the unique values of the incoming row, other than its key.
///
/// # Safety
/// Inside a transaction; `probe` and `tuple` hold the new row.
pub(super) unsafe fn contest(
    applying: &Applying,
    open: &OpenTable,
    probe: *mut pg_sys::TupleTableSlot,
    tuple: pg_sys::HeapTuple,
    places: Places,
    change: &Change,
) -> Verdict {
    // SAFETY: the caller's promise, throughout.
    unsafe {
        let holders = holders(applying, open, probe, places);
        let policy = applying.merge_policy();
        let descriptor = open.descriptor;
        let remote = || open.incoming_jsonb(&applying.table, tuple);
        let held = |holder: &Holder| {
            let row = applying.table.jsonb(holder.found.tuple, descriptor);
            Side::of(applying, holder.writer, Some(row))
        };
        match contend(change, holders.iter().map(|holder| holder.contender), &policy) {
            Contest::Clear => {}
            Contest::Won(conflict) => {
                for holder in &holders {
                    if let Some(conflict) = conflict {
                        applying.log(&conflict, holder.found.slot, &held(holder), Some(remote()));
                    }
                    let at = holder.contender.retracted_version(change, &policy).ts;
                    retract(applying, open, &holder.found, at, holder.writer);
                }
            }
            Contest::Lost(conflict) => {
                for holder in holders.iter().filter(|h| h.writer.kind != WriterKind::Own) {
                    applying.log(&conflict, probe, &held(holder), Some(remote()));
                }
                if let Some(tid) = places.own {
                    open.delete(tid);
                }
                let version = Retracted { at: applying.commit_ts, node: applying.peer() };
                tombstone::bury(&applying.table, probe, &applying.deleter(), Some(&version));
                retraction::announce(&applying.table, probe, &version);
                return Verdict::Skip;
            }
            Contest::Deferred(conflict) => {
                for holder in &holders {
                    applying.log(&conflict, probe, &held(holder), Some(remote()));
                }
                return Verdict::Skip;
            }
        }
        retraction::withdraw(&applying.table, probe);
        Verdict::Pass
    }
}

unsafe fn holders(
    applying: &Applying,
    open: &OpenTable,
    probe: *mut pg_sys::TupleTableSlot,
    places: Places,
) -> Vec<Holder> {
    let mut holders: Vec<Holder> = Vec::new();
    for index in &applying.table.secondary {
        // SAFETY: the caller's promise.
        let Some(found) = (unsafe { open.find(probe, index.oid) }) else { continue };
        let is_same = |tid: &pg_sys::ItemPointerData| same_place(tid, &found.tid);
        let no_rival = [places.own, places.leaving];
        if no_rival.iter().flatten().any(is_same) || holders.iter().any(|h| is_same(&h.found.tid)) {
            continue;
        }
        // SAFETY: the row was just found.
        let writer = unsafe { Writer::of(found.tuple) };
        let held = writer.held(&applying.session, &applying.policy);
        let contender =
            Contender { evidence: applying.evidence(writer, None), ..Contender::new(held) };
        holders.push(Holder { found, writer, contender });
    }
    holders
}

fn same_place(one: &pg_sys::ItemPointerData, other: &pg_sys::ItemPointerData) -> bool {
    (one.ip_blkid.bi_hi, one.ip_blkid.bi_lo, one.ip_posid)
        == (other.ip_blkid.bi_hi, other.ip_blkid.bi_lo, other.ip_posid)
}

/// Removes a row that lost a unique value, remembers that, and has it published.
unsafe fn retract(
    applying: &Applying,
    open: &OpenTable,
    loser: &Found,
    at: CommitTs,
    writer: Writer,
) {
    let node = writer.node(&applying.session).unwrap_or(applying.session.own);
    let version = Retracted { at, node: applying.session.name(node) };
    // SAFETY: the caller's promise.
    unsafe {
        open.delete(loser.tid);
        tombstone::bury(&applying.table, loser.slot, &applying.deleter(), Some(&version));
        retraction::announce(&applying.table, loser.slot, &version);
    }
}

/// The row an update builds upon is still on its way from another node.
pub(super) fn await_row(applying: &Applying) -> ! {
    ereport!(
        PgLogLevel::ERROR,
        PgSqlErrorCode::ERRCODE_T_R_SERIALIZATION_FAILURE,
        format!(
            "a row of table {} is still on its way from another node",
            applying.table.qualified_name()
        ),
        format!(
            "Node \"{}\" has updated it without sending all of its columns. The transaction is tried again.",
            applying.peer()
        )
    );
    unreachable!("an ERROR report does not return")
}
