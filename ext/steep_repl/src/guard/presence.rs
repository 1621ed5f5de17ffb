//! Which tables may have tombstones: most inserts need not look for any.
//!
//! Every tombstone is announced in shared memory when it is in its index and before its transaction
//! commits. Who has once seen that a table has none, and sees the same announcements still, knows
//! that it still has none.

use super::own_table;
use pgrx::pg_sys;
use pgrx::{PGRXSharedMemory, PgAtomic};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// Announcements of tombstones, counted in slots that several tables may share.
pub(crate) struct Announcements([AtomicU64; SLOTS]);

/// Eight kilobytes: tables that share a slot only look once more than they need.
const SLOTS: usize = 1024;

impl Default for Announcements {
    fn default() -> Self {
        Self([const { AtomicU64::new(0) }; SLOTS])
    }
}

// SAFETY: atomics, without pointers.
unsafe impl PGRXSharedMemory for Announcements {}

// SAFETY: no other library uses this name.
pub(crate) static ANNOUNCED: PgAtomic<Announcements> =
    unsafe { PgAtomic::new(c"steep_repl tombstone announcements") };

thread_local! {
    /// Of each table the announcements at the time when it was seen to have no tombstone.
    static EMPTY_AT: RefCell<BTreeMap<u32, u64>> = const { RefCell::new(BTreeMap::new()) };
}

fn slot(table: pg_sys::Oid) -> &'static AtomicU64 {
    &ANNOUNCED.get().0[table.to_u32() as usize % SLOTS]
}

/// Tombstones of the table have been written: they are in the index, and not committed yet.
///
/// Earlier would be too early: who looked in between would find nothing, and remember that.
pub(super) fn announce(table: pg_sys::Oid) {
    slot(table).fetch_add(1, Ordering::SeqCst);
}

/// How often tombstones of the table, or of one that shares its slot, have been announced.
pub(super) fn announcements(table: pg_sys::Oid) -> u64 {
    slot(table).load(Ordering::SeqCst)
}

/// Whether the table may have tombstones.
///
/// # Safety
/// Inside a transaction, after the key has been probed: a delete that is in progress then is
/// waited for, and has announced its tombstone.
pub(super) unsafe fn is_possible(table: pg_sys::Oid) -> bool {
    let now = slot(table).load(Ordering::SeqCst);
    let known = EMPTY_AT.with_borrow(|tables| tables.get(&table.to_u32()).copied());
    if known == Some(now) {
        return false;
    }
    // SAFETY: the caller's promise.
    if unsafe { has_any(table) } {
        return true;
    }
    EMPTY_AT.with_borrow_mut(|tables| tables.insert(table.to_u32(), now));
    false
}

/// Looks into the indexes, whatever is visible: a tombstone that is not committed yet may be when
/// the next key is probed.
unsafe fn has_any(table: pg_sys::Oid) -> bool {
    let tables =
        [(c"tombstones", c"tombstones_key"), (c"tombstone_chunks", c"tombstone_chunks_bucket")];
    tables.into_iter().any(|(tombstones, index)| {
        // SAFETY: the caller's promise; the table is the first column of both indexes.
        unsafe {
            let tombstones = own_table::oid(tombstones);
            own_table::write(tombstones);
            let relation = pg_sys::table_open(tombstones, pg_sys::AccessShareLock as i32);
            let mut key = pg_sys::ScanKeyData::default();
            pg_sys::ScanKeyInit(
                &mut key,
                1,
                pg_sys::BTEqualStrategyNumber as u16,
                pg_sys::Oid::from(pg_sys::F_OIDEQ),
                table.into(),
            );
            let index = own_table::oid(index);
            let all = &raw mut pg_sys::SnapshotAnyData;
            let scan = pg_sys::systable_beginscan(relation, index, true, all, 1, &mut key);
            let found = !pg_sys::systable_getnext(scan).is_null();
            pg_sys::systable_endscan(scan);
            pg_sys::table_close(relation, pg_sys::AccessShareLock as i32);
            found
        }
    })
}
