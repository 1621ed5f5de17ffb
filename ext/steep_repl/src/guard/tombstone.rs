//! `steep_repl.tombstones`: deleted keys, and the versions of their deletes.

use super::chunk::{self, Keys};
use super::held::{Writer, WriterKind};
use super::table::Table;
use super::{key, modes, own_table, scope};
use crate::tap::session::{self, Session, TablePolicy};
use pgrx::pg_sys;
use pgrx::prelude::*;
use steep_conflict::{Held, RowState, Version};
use steep_types::CommitTs;

/// What remains of a row.
pub(super) struct Tombstone {
    /// The transaction of the delete.
    pub(super) writer: Writer,
    /// Of a retraction: the version it withdrew, and the node that had written it.
    pub(super) retracted: Option<(CommitTs, Option<usize>)>,
    /// Columns that an update may leave out of its message.
    pub(super) old_row: Option<String>,
}

/// Who deletes a key.
pub(super) enum Deleter<'a> {
    /// A transaction of this node.
    Here,
    /// The transaction that is being applied, of this node and with this id there.
    Peer { node: &'a str, xid: i64 },
}

/// A version that lost a contest for a unique value.
pub(super) struct Retracted<'a> {
    pub(super) at: CommitTs,
    pub(super) node: &'a str,
}

impl Tombstone {
    /// The state of the key.
    pub(super) fn state(&self, session: &Session, policy: &TablePolicy) -> RowState {
        match self.retracted {
            _ if self.is_own_loser(session) => RowState::Retracted(Held::Own),
            Some((at, node)) => {
                let origin = session.origin(policy, node.unwrap_or(session.own));
                RowState::Retracted(Held::Known(Version::new(at, origin)))
            }
            None => RowState::Dead(self.writer.held(session, policy)),
        }
    }

    /// Whether the transaction that is being applied lost a contest with this row a moment ago: it
    /// may pass through states that collide, and only its last word on a row counts.
    fn is_own_loser(&self, session: &Session) -> bool {
        self.writer.kind == WriterKind::Own
            && self.retracted.is_some_and(|(at, node)| {
                node == Some(session.peer) && at == session::remote_commit_ts()
            })
    }

    fn order(&self, session: &Session) -> (bool, CommitTs) {
        match (self.retracted, self.writer.commit_ts()) {
            (Some((at, _)), _) => (self.is_own_loser(session), at),
            // What this transaction wrote is the newest; what is too old to be known the oldest.
            (None, None) => (self.writer.kind == WriterKind::Own, CommitTs::MIN),
            (None, Some(at)) => (false, at),
        }
    }
}

/// The newest tombstone of a row's key.
///
/// # Safety
/// Inside a transaction; `slot` holds a row of the table with its key.
pub(super) unsafe fn find(
    table: &Table,
    slot: *mut pg_sys::TupleTableSlot,
    session: &Session,
) -> Option<Tombstone> {
    // SAFETY: the caller's promise; the scan is over the index (relation, key_hash).
    unsafe {
        let tombstones = own_table::oid(c"tombstones");
        own_table::write(tombstones);
        let index = own_table::oid(c"tombstones_key");
        let relation = pg_sys::table_open(tombstones, pg_sys::AccessShareLock as i32);
        let mut keys = [pg_sys::ScanKeyData::default(); 2];
        let equals = pg_sys::BTEqualStrategyNumber as u16;
        let procedures = [pg_sys::F_OIDEQ, pg_sys::F_INT8EQ].map(pg_sys::Oid::from);
        pg_sys::ScanKeyInit(&mut keys[0], 1, equals, procedures[0], table.root.into());
        let hash = key::hash(table, slot);
        pg_sys::ScanKeyInit(&mut keys[1], 2, equals, procedures[1], hash.into());
        let mut newest: Option<Tombstone> = None;
        loop {
            // One that is not committed yet counts, once it is known whether it will be.
            let mut dirty = pg_sys::SnapshotData {
                snapshot_type: pg_sys::SnapshotType::SNAPSHOT_DIRTY,
                ..std::mem::zeroed()
            };
            let scan =
                pg_sys::systable_beginscan(relation, index, true, &mut dirty, 2, keys.as_mut_ptr());
            let mut in_progress = pg_sys::InvalidTransactionId;
            loop {
                let tuple = pg_sys::systable_getnext(scan);
                if tuple.is_null() {
                    break;
                }
                // Written by the scan, for the row it has just returned (`HeapTupleSatisfiesDirty`).
                let writer = (&raw const dirty.xmin).read_volatile();
                let Some(found) = read(table, slot, session, tuple, (*relation).rd_att) else {
                    continue;
                };
                if writer != pg_sys::InvalidTransactionId {
                    in_progress = writer;
                    break;
                }
                if newest.as_ref().is_none_or(|known| known.order(session) <= found.order(session))
                {
                    newest = Some(found);
                }
            }
            pg_sys::systable_endscan(scan);
            if in_progress == pg_sys::InvalidTransactionId {
                break;
            }
            newest = None;
            let why = pg_sys::XLTW_Oper::XLTW_None;
            pg_sys::XactLockTableWait(in_progress, std::ptr::null_mut(), std::ptr::null_mut(), why);
        }
        pg_sys::table_close(relation, pg_sys::AccessShareLock as i32);
        for found in find_in_chunks(table, slot, hash.cast_unsigned()) {
            if newest.as_ref().is_none_or(|known| known.order(session) <= found.order(session)) {
                newest = Some(found);
            }
        }
        newest
    }
}

unsafe fn find_in_chunks(
    table: &Table,
    slot: *mut pg_sys::TupleTableSlot,
    hash: u64,
) -> Vec<Tombstone> {
    // SAFETY: the caller's promise; the scans are over the index (relation, level, bucket).
    unsafe {
        let relation =
            pg_sys::table_open(own_table::oid(c"tombstone_chunks"), pg_sys::AccessShareLock as i32);
        let index = own_table::oid(c"tombstone_chunks_bucket");
        let snapshot = pg_sys::RegisterSnapshot(pg_sys::GetLatestSnapshot());
        let mut tombstones = Vec::new();
        for level in chunk::LEVELS {
            let equals = pg_sys::BTEqualStrategyNumber as u16;
            let bucket = chunk::bucket(hash, level) as i32;
            let columns: [(u32, pg_sys::Datum); 3] = [
                (pg_sys::F_OIDEQ, table.root.into()),
                (pg_sys::F_INT2EQ, (level as i16).into()),
                (pg_sys::F_INT4EQ, bucket.into()),
            ];
            let mut keys = [pg_sys::ScanKeyData::default(); 3];
            for ((key, number), (function, value)) in keys.iter_mut().zip(1..).zip(columns) {
                pg_sys::ScanKeyInit(key, number, equals, pg_sys::Oid::from(function), value);
            }
            let scan =
                pg_sys::systable_beginscan(relation, index, true, snapshot, 3, keys.as_mut_ptr());
            loop {
                let tuple = pg_sys::systable_getnext(scan);
                if tuple.is_null() {
                    break;
                }
                let mut is_null = false;
                let keys = pg_sys::heap_getattr(tuple, 6, (*relation).rd_att, &mut is_null);
                let Some(keys) = Vec::<u8>::from_datum(keys, is_null) else { continue };
                let is_same = |texts: &Vec<Option<String>>| key::equals(table, slot, texts);
                if chunk::find(&keys, hash).iter().any(is_same) {
                    let writer = Writer::of(tuple);
                    tombstones.push(Tombstone { writer, retracted: None, old_row: None });
                }
            }
            pg_sys::systable_endscan(scan);
        }
        pg_sys::UnregisterSnapshot(snapshot);
        pg_sys::table_close(relation, pg_sys::AccessShareLock as i32);
        tombstones
    }
}

unsafe fn read(
    table: &Table,
    slot: *mut pg_sys::TupleTableSlot,
    session: &Session,
    tuple: pg_sys::HeapTuple,
    descriptor: pg_sys::TupleDesc,
) -> Option<Tombstone> {
    // SAFETY: a tuple of steep_repl.tombstones; the numbers are its columns.
    unsafe {
        let column = |number| {
            let mut is_null = false;
            let value = pg_sys::heap_getattr(tuple, number, descriptor, &mut is_null);
            (!is_null).then_some(value)
        };
        if !key::equals(table, slot, &key::texts(column(3)?)) {
            return None;
        }
        let retracted = column(5).map(|at| {
            let node = column(6).and_then(|node| String::from_datum(node, false));
            let node = node.and_then(|node| session.node_named(&node));
            (CommitTs::from_micros(at.value() as i64), node)
        });
        let old_row = column(4).map(|row| {
            let text = pg_sys::OidOutputFunctionCall(pg_sys::Oid::from(pg_sys::F_JSONB_OUT), row);
            std::ffi::CStr::from_ptr(text).to_string_lossy().into_owned()
        });
        Some(Tombstone { writer: Writer::of(tuple), retracted, old_row })
    }
}

/// Keeps the key of a row that is deleted in this transaction.
///
/// # Safety
/// Inside a transaction; `slot` holds the row, or at least its key.
pub(super) unsafe fn bury(
    table: &Table,
    slot: *mut pg_sys::TupleTableSlot,
    deleter: &Deleter<'_>,
    retracted: Option<&Retracted<'_>>,
) {
    // SAFETY: the caller's promise.
    unsafe {
        let key = (key::hash(table, slot), key::as_texts(table, slot));
        add(table, key, old_row(table, slot), deleter, retracted);
    }
}

/// Writes and announces the tombstones of this transaction so far, for other workers to find.
///
/// # Safety
/// Inside the transaction.
pub(super) unsafe fn write() {
    // SAFETY: the caller's promise.
    unsafe { own_table::write(own_table::oid(c"tombstones")) };
}

/// Keeps a key that this node has deleted.
///
/// # Safety
/// Inside a transaction; the hash and the texts are those of a key of the table.
pub(super) unsafe fn bury_key(table: &Table, hash: i64, texts: Vec<Option<String>>) {
    if let Some(texts) = texts.into_datum() {
        // SAFETY: the caller's promise.
        unsafe { add(table, (hash, texts), None, &Deleter::Here, None) };
    }
}

unsafe fn add(
    table: &Table,
    (hash, texts): (i64, pg_sys::Datum),
    old_row: Option<pg_sys::Datum>,
    deleter: &Deleter<'_>,
    retracted: Option<&Retracted<'_>>,
) {
    // SAFETY: the caller's promise; the values are those of the table's columns.
    unsafe {
        let (writer_node, writer_xid) = match deleter {
            Deleter::Here => (None, own_xid()),
            Deleter::Peer { node, xid } => ((*node).into_datum(), (*xid).into()),
        };
        own_table::add(
            own_table::oid(c"tombstones"),
            &[
                Some(table.root.into()),
                Some(hash.into()),
                Some(texts),
                old_row,
                retracted.map(|version| version.at.as_micros().into()),
                retracted.and_then(|version| version.node.into_datum()),
                writer_node,
                Some(writer_xid),
            ],
        );
    }
}

/// Keeps the keys of a bulk delete of this node.
///
/// # Safety
/// Inside a transaction.
pub(super) unsafe fn bury_chunks(table: &Table, keys: Keys) {
    // SAFETY: the caller's promise; the values are those of the table's columns.
    unsafe {
        let chunks = own_table::oid(c"tombstone_chunks");
        let scratch = scope::scratch();
        for (level, bucket, count, keys) in keys.into_chunks() {
            let context = pg_sys::MemoryContextSwitchTo(scratch);
            own_table::add(
                chunks,
                &[
                    Some(table.root.into()),
                    Some((level as i16).into()),
                    Some((bucket as i32).into()),
                    Some(own_xid()),
                    Some((count as i32).into()),
                    keys.into_datum(),
                ],
            );
            pg_sys::MemoryContextSwitchTo(context);
            pg_sys::MemoryContextReset(scratch);
        }
        own_table::write(chunks);
        pg_sys::MemoryContextDelete(scratch);
    }
}

unsafe fn own_xid() -> pg_sys::Datum {
    // SAFETY: inside a transaction.
    unsafe { pg_sys::GetTopFullTransactionId().value.cast_signed().into() }
}

/// How many of a row's first columns a tombstone is made of.
pub(super) fn columns(table: &Table) -> i32 {
    let keys = table.key.iter().map(|key| key.place);
    let last = toastable(table).map(|(place, _)| place).chain(keys).max();
    last.map_or(0, |place| place as i32 + 1)
}

/// Whether columns of the row are worth keeping with its tombstone.
///
/// # Safety
/// `slot` holds a row of the table.
pub(super) unsafe fn keeps_columns(table: &Table, slot: *mut pg_sys::TupleTableSlot) -> bool {
    // SAFETY: the caller's promise.
    toastable(table).any(|(place, _)| unsafe { kept_value(slot, place) }.is_some())
}

/// Values from this size on may be stored out of line on some node, and then be left out of an
/// update's message: PostgreSQL moves the longest values of a long row (`toast_tuple_find_biggest_attribute`,
/// toast_helper.c), and a row of many short ones is not worth the space of all its tombstones.
const MAY_BE_LEFT_OUT: usize = 200;
/// Longer values are not kept: an update that leaves them out waits for a person.
const TOO_LONG: usize = 16 << 20;

fn toastable(table: &Table) -> impl Iterator<Item = (usize, &super::table::Column)> {
    table.columns.iter().enumerate().filter(|(_, column)| column.is_toastable)
}

/// The value at a place, if an update on another node may leave it out of its message.
unsafe fn kept_value(slot: *mut pg_sys::TupleTableSlot, place: usize) -> Option<pg_sys::Datum> {
    // SAFETY: a value of a type of variable length.
    unsafe {
        let (value, is_null) = key::value(slot, place);
        if is_null {
            return None;
        }
        let size = if pgrx::varlena::varatt_is_1b_e(value.cast_mut_ptr()) {
            // Out of line here already: to be kept, however short.
            pg_sys::toast_raw_datum_size(value).max(MAY_BE_LEFT_OUT)
        } else {
            pgrx::varlena::varsize_any(value.cast_mut_ptr())
        };
        (MAY_BE_LEFT_OUT..=TOO_LONG).contains(&size).then_some(value)
    }
}

/// The columns of a row that an update may leave out, as a JSON object of their texts.
unsafe fn old_row(table: &Table, slot: *mut pg_sys::TupleTableSlot) -> Option<pg_sys::Datum> {
    let mut json = String::new();
    // SAFETY: the caller's promise.
    let _settings = unsafe { modes::stable_texts() };
    for (place, column) in toastable(table) {
        // SAFETY: as above.
        let text = unsafe {
            let Some(value) = kept_value(slot, place) else { continue };
            std::ffi::CStr::from_ptr(column.text(value))
        };
        json.push(if json.is_empty() { '{' } else { ',' });
        key::push_string(&mut json, &column.name);
        json.push(':');
        key::push_string(&mut json, &text.to_string_lossy());
    }
    if json.is_empty() {
        return None;
    }
    json.push('}');
    // SAFETY: it is JSON.
    Some(unsafe { key::jsonb(json) })
}
