//! Whether a row with an id exists: then it came from a peer, and may be updated here.

use crate::guard::find_all_inheritors;
use pgrx::pg_sys;
use std::ffi::CString;

/// # Safety
/// Inside a transaction that holds a lock on the table.
pub(super) unsafe fn has_row(table: pg_sys::Oid, column: &str, id: i64) -> bool {
    let Ok(column) = CString::new(column) else { return false };
    // SAFETY: the caller's promise; the list holds the table and what is below it.
    unsafe {
        let all = find_all_inheritors(table, pg_sys::AccessShareLock as i32, std::ptr::null_mut());
        let count = (*all).length;
        let mut members = (0..count).map(|nth| pg_sys::list_nth_oid(all, nth));
        members.any(|member| is_in(member, &column, id))
    }
}

unsafe fn is_in(table: pg_sys::Oid, column: &CString, id: i64) -> bool {
    // SAFETY: the caller's promise; what is opened is closed.
    unsafe {
        let relation = pg_sys::table_open(table, pg_sys::NoLock as i32);
        let kind = (*(*relation).rd_rel).relkind as u8;
        let place = pg_sys::get_attnum(table, column.as_ptr());
        let found =
            kind != pg_sys::RELKIND_PARTITIONED_TABLE && place > 0 && is_found(relation, place, id);
        pg_sys::table_close(relation, pg_sys::NoLock as i32);
        found
    }
}

unsafe fn is_found(relation: pg_sys::Relation, place: i16, id: i64) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        let kind = pg_sys::get_atttype((*relation).rd_id, place);
        let equals = match kind {
            pg_sys::INT2OID => pg_sys::F_INT28EQ,
            pg_sys::INT4OID => pg_sys::F_INT48EQ,
            _ => pg_sys::F_INT8EQ,
        };
        let mut key = pg_sys::ScanKeyData::default();
        pg_sys::ScanKeyEntryInitialize(
            &mut key,
            0,
            place,
            pg_sys::BTEqualStrategyNumber as u16,
            pg_sys::INT8OID,
            pg_sys::InvalidOid,
            pg_sys::Oid::from(equals),
            pg_sys::Datum::from(id),
        );
        let index = index_on(relation, place);
        // What has been committed by now, and what this transaction has written.
        let snapshot = pg_sys::RegisterSnapshot(pg_sys::GetLatestSnapshot());
        let scan = pg_sys::systable_beginscan(
            relation,
            index.unwrap_or(pg_sys::InvalidOid),
            index.is_some(),
            snapshot,
            1,
            &mut key,
        );
        let found = !pg_sys::systable_getnext(scan).is_null();
        pg_sys::systable_endscan(scan);
        pg_sys::UnregisterSnapshot(snapshot);
        found
    }
}

/// An index of all rows that begins with the column.
unsafe fn index_on(relation: pg_sys::Relation, place: i16) -> Option<pg_sys::Oid> {
    // SAFETY: the list is a copy; each index is open while it is looked at.
    unsafe {
        let all = pg_sys::RelationGetIndexList(relation);
        let count = if all.is_null() { 0 } else { (*all).length };
        let mut found = None;
        for nth in 0..count {
            let oid = pg_sys::list_nth_oid(all, nth);
            let index = pg_sys::index_open(oid, pg_sys::AccessShareLock as i32);
            let form = (*index).rd_index;
            let suits = (*form).indisvalid
                && (*form).indkey.values.as_ptr().read() == place
                && (*(*index).rd_rel).relam.to_u32() == pg_sys::BTREE_AM_OID.to_u32()
                && pg_sys::RelationGetIndexPredicate(index).is_null();
            pg_sys::index_close(index, pg_sys::AccessShareLock as i32);
            if suits {
                found = Some(oid);
                break;
            }
        }
        found
    }
}
