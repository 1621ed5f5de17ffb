//! Telling cheaply that a key is not in a unique index at all.
//!
//! `ExecCheckIndexConstraints` answers the whole question, but sets up a scan each time. Most keys
//! of inserts are in no index, whatever the visibility of rows: that is asked here first, with one
//! scan that is kept, or by a look at the last page of the index.

use super::key;
use super::scope::{self, OpenTable};
use super::table::Table;
use pgrx::pg_sys;

/// A unique index over plain columns, ready to be asked.
pub(super) struct Prober {
    table: pg_sys::Oid,
    index: pg_sys::Relation,
    /// Opened when it is needed: growing keys need none.
    scan: Option<pg_sys::IndexScanDesc>,
    keys: Vec<pg_sys::ScanKeyData>,
    places: Vec<usize>,
    /// Compares values of the first column; `None` if the index descends.
    compare: Option<*mut pg_sys::FmgrInfo>,
    last_page: Option<Page>,
    /// How many keys in a row were not beyond it, or for how many it is not looked at.
    misses: u8,
}

/// A page, and its buffer when it was last looked at.
#[derive(Clone, Copy)]
struct Page {
    block: pg_sys::BlockNumber,
    buffer: pg_sys::Buffer,
}

/// The last page of an index, from one transaction to the next.
pub(super) struct LastPage {
    of: pg_sys::RelFileLocator,
    page: Option<Page>,
    misses: u8,
}

impl Prober {
    /// Opens an index, owned by the current resource owner. `columns` are the places of its columns,
    /// `last_page` is what an earlier prober of it has left.
    ///
    /// # Safety
    /// The table is locked against being altered until this is closed.
    pub(super) unsafe fn open(
        table: pg_sys::Oid,
        index: pg_sys::Oid,
        columns: Vec<usize>,
        last_page: Option<LastPage>,
    ) -> Option<Self> {
        // SAFETY: the caller's promise, throughout.
        unsafe {
            let index = pg_sys::index_open(index, pg_sys::RowExclusiveLock as i32);
            let count = usize::try_from((*(*index).rd_index).indnkeyatts).unwrap_or_default();
            let keys: Option<Vec<_>> = (0..count).map(|nth| scan_key(index, nth)).collect();
            let (Some(keys), Some(places)) = (keys, columns.get(..count)) else {
                pg_sys::index_close(index, pg_sys::NoLock as i32);
                return None;
            };
            let descends = *(*index).rd_indoption & pg_sys::INDOPTION_DESC as i16 != 0;
            let compare = (!descends).then(|| pg_sys::index_getprocinfo(index, 1, BTORDER_PROC));
            let of = (*index).rd_locator;
            let last_page = last_page.filter(|last_page| is_same_file(&last_page.of, &of));
            let misses = last_page.as_ref().map_or(0, |last_page| last_page.misses);
            let last_page = last_page.and_then(|last_page| last_page.page);
            let places = places.to_vec();
            Some(Self { table, index, scan: None, keys, places, compare, last_page, misses })
        }
    }

    /// The index.
    pub(super) fn index(&self) -> pg_sys::Oid {
        // SAFETY: it is open.
        unsafe { (*self.index).rd_id }
    }

    /// Closes it. Returns what the next one may begin with.
    ///
    /// # Safety
    /// Opened in this transaction.
    pub(super) unsafe fn close(self) -> LastPage {
        // SAFETY: the caller's promise.
        unsafe {
            if let Some(scan) = self.scan {
                pg_sys::index_endscan(scan);
            }
            let of = (*self.index).rd_locator;
            pg_sys::index_close(self.index, pg_sys::NoLock as i32);
            LastPage { of, page: self.last_page, misses: self.misses }
        }
    }

    /// Whether the index certainly has no entry of the row's values, dead or alive.
    ///
    /// # Safety
    /// `row` holds a row of the table.
    pub(super) unsafe fn is_absent(&mut self, row: *mut pg_sys::TupleTableSlot) -> bool {
        // SAFETY: the caller's promise, throughout.
        unsafe {
            for (key, place) in self.keys.iter_mut().zip(&self.places) {
                let (value, is_null) = key::value(row, *place);
                if is_null {
                    // Equal to nothing, unless nulls are not distinct.
                    return !(*(*self.index).rd_index).indnullsnotdistinct;
                }
                key.sk_argument = value;
            }
            if self.is_beyond_last_page(self.keys[0].sk_argument) {
                return true;
            }
            let scan = self.scan();
            let count = self.keys.len() as i32;
            let keys = self.keys.as_mut_ptr();
            pg_sys::index_rescan(scan, keys, count, std::ptr::null_mut(), 0);
            let forward = pg_sys::ScanDirection::ForwardScanDirection;
            let is_absent = pg_sys::index_getnext_tid(scan, forward).is_null();
            if !is_absent {
                // Gives up the page, which vacuum may be waiting for.
                pg_sys::index_rescan(scan, keys, count, std::ptr::null_mut(), 0);
            }
            is_absent
        }
    }

    unsafe fn scan(&mut self) -> pg_sys::IndexScanDesc {
        let (table, index, count) = (self.table, self.index, self.keys.len() as i32);
        *self.scan.get_or_insert_with(|| {
            // SAFETY: the scan lives as long as the transaction, and the open table does.
            unsafe {
                let heap = OpenTable::get(table).relation;
                scope::for_transaction(|| {
                    begin_scan(heap, index, &raw mut pg_sys::SnapshotAnyData, count)
                })
            }
        })
    }

    /// Whether the value lies beyond every entry of the index, as growing keys do.
    ///
    /// The page's format is that of nbtree.h, the same on disk in all supported versions.
    unsafe fn is_beyond_last_page(&mut self, value: pg_sys::Datum) -> bool {
        let Some(compare) = self.compare else { return false };
        if self.misses >= PATIENCE {
            self.misses -= 1;
            if self.misses > PATIENCE {
                return false;
            }
        }
        // SAFETY: a page of the index, pinned and locked while it is read. One boundary for all calls:
        // nothing between them needs cleaning up when an error jumps out.
        let is_beyond = unsafe {
            pg_sys::ffi::pg_guard_ffi_boundary(|| {
                let Some((buffer, page)) = self.lock_last_page() else { return false };
                let is_beyond = last_entry(page).is_some_and(|entry| {
                    let Some(greatest) = first_value(entry, (*self.index).rd_att) else {
                        return false;
                    };
                    let collation = *(*self.index).rd_indcollation;
                    let order = crate::boundary::raw::FunctionCall2Coll(
                        compare, collation, value, greatest,
                    );
                    order.value() as i32 > 0
                });
                unlock(buffer);
                is_beyond
            })
        };
        self.misses = match self.misses + 1 {
            _ if is_beyond => 0,
            misses if misses >= PATIENCE => PATIENCE + PAUSE,
            misses => misses,
        };
        is_beyond
    }

    /// The last page, from where it was last seen: pages split off to the right.
    unsafe fn lock_last_page(&mut self) -> Option<(pg_sys::Buffer, *mut std::ffi::c_char)> {
        // SAFETY: pages of the index, pinned and locked while they are read. A page that was freed
        // meanwhile, and perhaps used again, leads to some other page: only the last one ends this.
        unsafe {
            let mut next = self.last_page.and_then(|page| self.pin_again(page));
            for _ in 0..STEPS {
                let Some(Page { block, buffer }) = next else { break };
                raw::LockBuffer(buffer, pg_sys::BUFFER_LOCK_SHARE as i32);
                let page = page_of(buffer);
                let place = place_of(page);
                if matches!(place, Place::Last) {
                    self.last_page = Some(Page { block, buffer });
                    return Some((buffer, page));
                }
                unlock(buffer);
                next = match place {
                    Place::Before(block) => {
                        let buffer = raw::ReadBuffer(self.index, block);
                        Some(Page { block, buffer })
                    }
                    _ => None,
                };
            }
            if let Some(Page { buffer, .. }) = next {
                raw::ReleaseBuffer(buffer);
            }
            let buffer = super::unbound::last_page(self.index);
            if buffer <= 0 {
                return None;
            }
            self.last_page = Some(Page { block: raw::BufferGetBlockNumber(buffer), buffer });
            Some((buffer, page_of(buffer)))
        }
    }

    /// Pins a page if it still is in the buffer it was in.
    unsafe fn pin_again(&self, page: Page) -> Option<Page> {
        let fork = pg_sys::ForkNumber::MAIN_FORKNUM;
        // SAFETY: the index is open; only a buffer that holds this page of it is pinned.
        let is_there = unsafe {
            raw::ReadRecentBuffer((*self.index).rd_locator, fork, page.block, page.buffer)
        };
        is_there.then_some(page)
    }
}

fn is_same_file(one: &pg_sys::RelFileLocator, other: &pg_sys::RelFileLocator) -> bool {
    (one.spcOid, one.dbOid, one.relNumber) == (other.spcOid, other.dbOid, other.relNumber)
}

/// The value of the first column; `None` if the entry has nulls.
unsafe fn first_value(
    entry: pg_sys::IndexTuple,
    descriptor: pg_sys::TupleDesc,
) -> Option<pg_sys::Datum> {
    // SAFETY: an entry of a btree (itup.h): a header of eight bytes, then the values, of which the
    // first needs no padding, unless a bitmap of nulls comes between.
    unsafe {
        if (*entry).t_info & INDEX_NULL_MASK != 0 {
            return None;
        }
        let start = entry.cast::<u8>().add(size_of::<pg_sys::IndexTupleData>());
        let attribute = super::table::attribute(descriptor, 0);
        // As fetch_att (tupmacs.h).
        Some(match ((*attribute).attbyval, (*attribute).attlen) {
            (false, _) => pg_sys::Datum::from(start),
            (true, 1) => pg_sys::Datum::from(start.cast::<i8>().read()),
            (true, 2) => pg_sys::Datum::from(start.cast::<i16>().read()),
            (true, 4) => pg_sys::Datum::from(start.cast::<i32>().read()),
            (true, 8) => pg_sys::Datum::from(start.cast::<i64>().read()),
            (true, _) => return None,
        })
    }
}

/// An entry has nulls (itup.h).
const INDEX_NULL_MASK: u16 = 0x8000;
/// After this many keys in a row that were not beyond the last page,
const PATIENCE: u8 = 4;
/// so many are not compared with it.
const PAUSE: u8 = 60;
/// So many pages to the right the last page is looked for before it is from the root.
const STEPS: usize = 3;

/// What is at a pinned and locked buffer of this server (bufmgr.h); never a local one, as temporary
/// tables are not replicated.
unsafe fn page_of(buffer: pg_sys::Buffer) -> *mut std::ffi::c_char {
    // SAFETY: the caller's promise; buffers count from 1.
    unsafe { pg_sys::BufferBlocks.add((buffer - 1) as usize * pg_sys::BLCKSZ as usize) }
}

unsafe fn unlock(buffer: pg_sys::Buffer) {
    // SAFETY: pinned and locked by the caller.
    unsafe {
        raw::LockBuffer(buffer, pg_sys::BUFFER_LOCK_UNLOCK as i32);
        raw::ReleaseBuffer(buffer);
    }
}

/// As the server exports them, to be called behind one boundary.
mod raw {
    use pgrx::pg_sys;
    use std::ffi::c_int;

    unsafe extern "C-unwind" {
        pub(super) fn ReadBuffer(
            index: pg_sys::Relation,
            block: pg_sys::BlockNumber,
        ) -> pg_sys::Buffer;
        pub(super) fn ReadRecentBuffer(
            locator: pg_sys::RelFileLocator,
            fork: pg_sys::ForkNumber::Type,
            block: pg_sys::BlockNumber,
            buffer: pg_sys::Buffer,
        ) -> bool;
        pub(super) fn LockBuffer(buffer: pg_sys::Buffer, mode: c_int);
        pub(super) fn ReleaseBuffer(buffer: pg_sys::Buffer);
        pub(super) fn BufferGetBlockNumber(buffer: pg_sys::Buffer) -> pg_sys::BlockNumber;
    }
}

/// The greatest entry of an index, from its last page; `None` if that is empty.
unsafe fn last_entry(page: *mut std::ffi::c_char) -> Option<pg_sys::IndexTuple> {
    // SAFETY: a page (bufpage.h): a header, line pointers up to pd_lower, and where they point to.
    unsafe {
        if !matches!(place_of(page), Place::Last) {
            return None;
        }
        let header = page.cast::<pg_sys::PageHeaderData>();
        let pointers = (&raw const (*header).pd_linp).cast::<pg_sys::ItemIdData>();
        let used = usize::from((*header).pd_lower)
            .checked_sub(std::mem::offset_of!(pg_sys::PageHeaderData, pd_linp))?;
        let last = (used / size_of::<pg_sys::ItemIdData>()).checked_sub(1)?;
        Some(page.add((*pointers.add(last)).lp_off() as usize).cast())
    }
}

/// Whether `snapshot` sees a row with the key of `row`.
///
/// # Safety
/// Both relations are open; `row` holds the key of the table, `index` is over it; `into` is a slot
/// of the table.
pub(super) unsafe fn is_seen(
    table: &Table,
    heap: pg_sys::Relation,
    index: pg_sys::Relation,
    snapshot: pg_sys::Snapshot,
    row: *mut pg_sys::TupleTableSlot,
    into: *mut pg_sys::TupleTableSlot,
) -> bool {
    // SAFETY: the caller's promise, throughout.
    unsafe {
        let mut keys = Vec::new();
        for (nth, key) in table.key.iter().enumerate() {
            let Some(mut scan_key) = scan_key(index, nth) else { return false };
            scan_key.sk_argument = key::value(row, key.place).0;
            keys.push(scan_key);
        }
        let scan = begin_scan(heap, index, snapshot, keys.len() as i32);
        pg_sys::index_rescan(scan, keys.as_mut_ptr(), keys.len() as i32, std::ptr::null_mut(), 0);
        let forward = pg_sys::ScanDirection::ForwardScanDirection;
        let is_seen = pg_sys::index_getnext_slot(scan, forward, into);
        pg_sys::index_endscan(scan);
        is_seen
    }
}

unsafe fn begin_scan(
    heap: pg_sys::Relation,
    index: pg_sys::Relation,
    snapshot: pg_sys::Snapshot,
    keys: i32,
) -> pg_sys::IndexScanDesc {
    // SAFETY: both relations are open.
    #[cfg(any(feature = "pg16", feature = "pg17"))]
    unsafe {
        pg_sys::index_beginscan(heap, index, snapshot, keys, 0)
    }
    // SAFETY: both relations are open; nobody counts this scan.
    #[cfg(not(any(feature = "pg16", feature = "pg17")))]
    unsafe {
        pg_sys::index_beginscan(heap, index, snapshot, std::ptr::null_mut(), keys, 0)
    }
}

/// Support function of a btree operator class that orders its values (nbtree.h).
const BTORDER_PROC: u16 = 1;
/// Flags of a page (nbtree.h): it is a leaf; it is deleted, half dead or half split.
const BTP_LEAF: u16 = 1 << 0;
const BTP_UNSETTLED: u16 = (1 << 2) | (1 << 4) | (1 << 7);

/// Where a page stands among the leaves of its index.
enum Place {
    /// Nothing follows it.
    Last,
    /// This block follows it.
    Before(pg_sys::BlockNumber),
    /// Not a leaf, or not a settled one.
    Elsewhere,
}

unsafe fn place_of(page: *mut std::ffi::c_char) -> Place {
    // SAFETY: a page of a btree: its header (bufpage.h) says where the special space is, which
    // holds the neighbours, the level and the flags (BTPageOpaqueData).
    unsafe {
        let special = usize::from((*page.cast::<pg_sys::PageHeaderData>()).pd_special);
        if special + 16 > pg_sys::BLCKSZ as usize {
            return Place::Elsewhere;
        }
        let special = page.add(special);
        let next = special.add(4).cast::<u32>().read();
        let flags = special.add(12).cast::<u16>().read();
        match next {
            _ if flags & BTP_LEAF == 0 || flags & BTP_UNSETTLED != 0 => Place::Elsewhere,
            0 => Place::Last,
            next => Place::Before(next),
        }
    }
}

/// "Equals", for the nth column of the index.
unsafe fn scan_key(index: pg_sys::Relation, nth: usize) -> Option<pg_sys::ScanKeyData> {
    // SAFETY: the arrays have an entry for each key column.
    unsafe {
        let family = *(*index).rd_opfamily.add(nth);
        let kind = *(*index).rd_opcintype.add(nth);
        let equals = pg_sys::BTEqualStrategyNumber as i16;
        let operator = pg_sys::get_opfamily_member(family, kind, kind, equals);
        if operator == pg_sys::InvalidOid {
            return None;
        }
        let mut key = pg_sys::ScanKeyData::default();
        pg_sys::ScanKeyEntryInitialize(
            &mut key,
            0,
            nth as i16 + 1,
            equals as u16,
            kind,
            *(*index).rd_indcollation.add(nth),
            pg_sys::get_opcode(operator),
            pg_sys::Datum::null(),
        );
        Some(key)
    }
}
