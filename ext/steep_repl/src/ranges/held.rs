//! What a session knows of the ids of a managed table, as long as nobody changes it.

use super::rows::status_of;
use super::runs::Runs;
use super::{as_owner, headroom, internal};
use crate::{infallible, kept};
use pgrx::prelude::*;
use pgrx::{FromDatum, pg_sys};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ffi::{CStr, CString, c_char};
use std::rc::Rc;
use steep_ranges::{Allocator, Grant, Holdings, IdRange, RangeSet, Row, Space, State, Status};

/// Of one table.
pub(super) struct Held {
    pub(super) schema: String,
    pub(super) table: String,
    pub(super) relation: pg_sys::Oid,
    pub(super) column: String,
    pub(super) sequence: pg_sys::Oid,
    pub(super) node: String,
    /// What this node was ever given.
    pub(super) holdings: Holdings,
    /// Of these, what was not taken up yet, or is not durable: its sequence comes to them later.
    pub(super) waiting: RangeSet,
    /// What its sequence draws, as far as that is durable.
    pub(super) runs: Runs,
    pub(super) headroom: u64,
}

/// By schema and table, so that names need not be copied to look one up. Nothing for a table without
/// ranges.
type Known = BTreeMap<String, BTreeMap<String, Option<Rc<Held>>>>;

thread_local! {
    /// Goes up whenever something of this may have changed.
    static GENERATION: Cell<u64> = const { Cell::new(1) };
    /// The table whose changes are told, besides those of the managed tables; 0 until something was read.
    static WATCHED: Cell<u32> = const { Cell::new(0) };
    static KNOWN: RefCell<Known> = const { RefCell::new(BTreeMap::new()) };
}

/// Changes with everything that may change an answer.
pub(super) fn generation() -> u64 {
    GENERATION.get()
}

/// Asks to be told of changes.
pub(super) fn register() {
    // SAFETY: `_PG_init` runs in the only thread; the callback lives as long as the process.
    unsafe {
        pg_sys::CacheRegisterRelcacheCallback(Some(at_invalidation), pg_sys::Datum::null());
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn at_invalidation(_argument: pg_sys::Datum, relation: pg_sys::Oid) {
    let relation = relation.to_u32();
    // Nothing is called while the list is borrowed, but the process may be ending.
    let _ = KNOWN.try_with(|known| {
        let mut known = known.borrow_mut();
        let mut all = known.values().flat_map(BTreeMap::values).flatten();
        let is_known = relation == 0
            || relation == WATCHED.get()
            || all.any(|held| {
                [held.relation, held.sequence].map(pg_sys::Oid::to_u32).contains(&relation)
            });
        if is_known && WATCHED.get() != 0 {
            GENERATION.set(GENERATION.get() + 1);
            known.clear();
        }
    });
}

/// `steep_repl.forget_ranges()`: all sessions read the ranges anew.
///
/// # Safety
/// Inside a transaction.
pub(super) unsafe fn announce_change() {
    // SAFETY: the caller's promise.
    unsafe { pg_sys::CacheInvalidateRelcacheByRelid(oid(c"identity_ranges")) };
}

/// What is known of a table's ids; nothing if they are not kept apart.
///
/// # Safety
/// Inside a transaction.
pub(super) unsafe fn get(schema: &str, table: &str) -> Option<Rc<Held>> {
    let known = KNOWN.with_borrow(|known| known.get(schema)?.get(table).cloned());
    known.unwrap_or_else(|| {
        // SAFETY: the caller's promise. Before anything is read, so that no change is missed.
        unsafe {
            WATCHED.set(oid(c"identity_ranges").to_u32());
            let before = generation();
            let held = read(schema, table).map(Rc::new);
            if before == generation() {
                KNOWN.with_borrow_mut(|known| {
                    let tables = known.entry(schema.to_owned()).or_default();
                    tables.insert(table.to_owned(), held.clone());
                });
            }
            held
        }
    })
}

/// A table or index of the extension.
unsafe fn oid(name: &CStr) -> pg_sys::Oid {
    // SAFETY: catalog look-ups.
    unsafe {
        let schema = pg_sys::get_namespace_oid(c"steep_repl".as_ptr(), false);
        pg_sys::get_relname_relid(name.as_ptr(), schema)
    }
}

unsafe fn read(schema: &str, table: &str) -> Option<Held> {
    // SAFETY: the caller's promise; the columns are those of the tables.
    unsafe {
        let mut managed = None;
        scan(c"range_tables", c"range_tables_pkey", [1, 2], [schema, table], |row| {
            if row.get::<bool>(12) == Some(true) {
                managed = Some((
                    row.get::<pg_sys::Oid>(3)?,
                    row.name(4)?,
                    row.get::<pg_sys::Oid>(5)?,
                    row.get::<i64>(6)?,
                    row.get::<i64>(7)?,
                ));
            }
            Some(())
        });
        let (relation, column, sequence, last_id, block_ids) = managed?;
        if pg_sys::get_rel_name(relation).is_null() || pg_sys::get_rel_name(sequence).is_null() {
            ereport!(
                PgLogLevel::ERROR,
                PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                format!(
                    "table {schema}.{table} or its sequence was made anew, and its ranges are of the old one"
                ),
                "Use steep_repl.manage_ranges(), which goes on with them, or drop the constraint."
            );
        }
        let column = current_name(relation, &column, sequence).unwrap_or(column);
        let node = own_node()?;
        let me = node.parse().ok()?;
        let space = Space::new(IdRange::new(1, last_id).ok()?, block_ids.unsigned_abs()).ok()?;
        let mut state = State::empty(space);
        let (mut holdings, mut waiting) = (Vec::new(), RangeSet::new());
        let of_table = [schema, table];
        scan(c"identity_ranges", c"idx_identity_ranges_table", [2, 3], of_table, |row| {
            if row.get::<String>(4).as_deref() != Some(&node) {
                return Some(());
            }
            let range = IdRange::new(row.get(5)?, row.get(6)?).ok()?;
            holdings.push(range);
            let turn = row.get::<i64>(11).map(i64::unsigned_abs);
            let status = status_of(&row.get::<String>(8)?, turn);
            // What this transaction has granted is not durable yet.
            if row.is_own() {
                waiting.insert(range);
                return Some(());
            }
            if status == Status::Granted {
                waiting.insert(range);
            }
            let grant = Grant {
                range,
                holder: row.get::<String>(4)?.parse().ok()?,
                granter: row.get::<String>(9)?.parse().ok()?,
                request: row.get::<i64>(10)?.unsigned_abs(),
                status,
            };
            // What contradicts itself is refused where it is written.
            let _ = state.merge_row(&Row::Grant(grant));
            Some(())
        });
        scan(c"occupied_ids", c"occupied_ids_pkey", [1, 2], of_table, |row| {
            let range = IdRange::new(row.get(3)?, row.get(4)?).ok()?;
            let _ = state.merge_row(&Row::Occupied(range));
            Some(())
        });
        Some(Held {
            schema: schema.to_owned(),
            table: table.to_owned(),
            relation,
            column,
            sequence,
            node,
            holdings: holdings.into_iter().collect(),
            waiting,
            runs: Runs::of(Allocator::open(me, state).supply()),
            headroom: headroom::of(sequence),
        })
    }
}

/// Which node this is; an error in a copy of one, which would draw ids that the original has drawn.
unsafe fn own_node() -> Option<String> {
    // SAFETY: the caller's promise; nobody may read the tables, whoever inserts.
    let node = unsafe {
        as_owner(|| {
            kept::run("select steep_repl.node_id()", &[], |rows| rows.first().get::<String>(1))
        })
    };
    internal(node, "find out which node this is")
}

/// What the key column is called now: it may have been renamed, and is the one that owns the sequence.
unsafe fn current_name(
    relation: pg_sys::Oid,
    column: &str,
    sequence: pg_sys::Oid,
) -> Option<String> {
    let column = CString::new(column).ok()?;
    // SAFETY: catalog look-ups; a name ends with a zero.
    unsafe {
        if pg_sys::get_attnum(relation, column.as_ptr()) > 0 {
            return None;
        }
        let (mut table, mut place) = (pg_sys::InvalidOid, 0);
        let owned =
            [pg_sys::DependencyType::DEPENDENCY_AUTO, pg_sys::DependencyType::DEPENDENCY_INTERNAL]
                .iter()
                .any(|kind| {
                    pg_sys::sequenceIsOwned(sequence, *kind as c_char, &mut table, &mut place)
                });
        if !owned || table != relation {
            return None;
        }
        let name = pg_sys::get_attname(relation, i16::try_from(place).ok()?, true);
        (!name.is_null()).then(|| CStr::from_ptr(name).to_string_lossy().into_owned())
    }
}

/// A row of one of the extension's tables.
struct Stored {
    tuple: pg_sys::HeapTuple,
    descriptor: pg_sys::TupleDesc,
}

impl Stored {
    /// A column, counted from 1.
    unsafe fn get<T: FromDatum>(&self, column: i32) -> Option<T> {
        // SAFETY: the caller's promise: the table has the column, of this type.
        unsafe {
            let mut is_null = false;
            let value = pg_sys::heap_getattr(self.tuple, column, self.descriptor, &mut is_null);
            T::from_datum(value, is_null)
        }
    }

    unsafe fn name(&self, column: i32) -> Option<String> {
        // SAFETY: as `get`; a name ends with a zero.
        unsafe {
            let name = self.get::<&CStr>(column)?;
            Some(name.to_str().ok()?.to_owned())
        }
    }

    /// Whether this transaction wrote it.
    unsafe fn is_own(&self) -> bool {
        // SAFETY: a tuple that the scan has returned.
        unsafe {
            let xmin = (*(*self.tuple).t_data).t_choice.t_heap.t_xmin;
            infallible::TransactionIdIsCurrentTransactionId(xmin)
        }
    }
}

/// Reads the rows of a table with these values in these columns, as they are now, whatever the
/// transaction's snapshot: an id may have been drawn from a range that is newer.
unsafe fn scan(
    table: &CStr,
    index: &CStr,
    columns: [i16; 2],
    values: [&str; 2],
    mut each: impl FnMut(Stored) -> Option<()>,
) {
    // SAFETY: the caller's promise; the relation is open and the snapshot registered until the end.
    unsafe {
        let relation = pg_sys::table_open(oid(table), pg_sys::AccessShareLock as i32);
        let snapshot = pg_sys::RegisterSnapshot(pg_sys::GetLatestSnapshot());
        let mut keys = [pg_sys::ScanKeyData::default(); 2];
        for (place, value) in values.iter().enumerate() {
            pg_sys::ScanKeyEntryInitialize(
                &mut keys[place],
                0,
                columns[place],
                pg_sys::BTEqualStrategyNumber as u16,
                pg_sys::InvalidOid,
                pg_sys::DEFAULT_COLLATION_OID,
                pg_sys::Oid::from(pg_sys::F_TEXTEQ),
                value.into_datum().unwrap_or(pg_sys::Datum::null()),
            );
        }
        let found =
            pg_sys::systable_beginscan(relation, oid(index), true, snapshot, 2, keys.as_mut_ptr());
        loop {
            let tuple = pg_sys::systable_getnext(found);
            if tuple.is_null() {
                break;
            }
            each(Stored { tuple, descriptor: (*relation).rd_att });
        }
        pg_sys::systable_endscan(found);
        pg_sys::UnregisterSnapshot(snapshot);
        pg_sys::table_close(relation, pg_sys::AccessShareLock as i32);
    }
}
