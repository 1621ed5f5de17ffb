//! `steep_repl.check_id_range()`: whether this node may write an id. Called for each row that is written.

use super::held::{self, Held};
use super::refusal::{self, Refusal};
use super::{existing, imported, turnover, vouched};
use crate::guc;
use pgrx::pg_sys;
use pgrx::prelude::*;
use std::rc::Rc;

/// A name has at most so many bytes.
const NAME: usize = pg_sys::NAMEDATALEN as usize;

/// Ids that are right without another look, for one table; kept as long as the statement's constraint.
#[repr(C)]
struct Seen {
    generation: u64,
    first: i64,
    last: i64,
    schema: Name,
    table: Name,
}

/// A name in a place of its own.
#[repr(C)]
struct Name {
    bytes: [u8; NAME],
    length: usize,
}

impl Name {
    fn is(&self, name: &[u8]) -> bool {
        self.bytes.get(..self.length) == Some(name)
    }

    fn set(&mut self, name: &[u8]) {
        self.length = name.len().min(NAME);
        self.bytes[..self.length].copy_from_slice(&name[..self.length]);
    }
}

/// Says that the function follows the version-1 convention (fmgr.h).
#[unsafe(no_mangle)]
extern "C" fn pg_finfo_steep_check_id_range() -> &'static pg_sys::Pg_finfo_record {
    const V1: pg_sys::Pg_finfo_record = pg_sys::Pg_finfo_record { api_version: 1 };
    &V1
}

/// `steep_repl.check_id_range(text, text, bigint)`
///
/// Not guarded itself: the error of [`refusal`] jumps over it.
///
/// # Safety
/// Called by PostgreSQL's function manager.
#[unsafe(no_mangle)]
unsafe extern "C-unwind" fn steep_check_id_range(call: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: the caller's promise: three arguments of these types.
    unsafe {
        if !is_seen(call) {
            let refusal = look(call);
            if !refusal.is_null() {
                refusal::raise(refusal);
            }
        }
        pg_sys::Datum::from(true)
    }
}

/// The bytes of a text that is stored plainly.
unsafe fn plain<'a>(text: pg_sys::Datum) -> Option<&'a [u8]> {
    let text: *const pg_sys::varlena = text.cast_mut_ptr();
    // SAFETY: a text, says the caller.
    unsafe {
        if pgrx::varatt_is_1b_e(text) || pgrx::varatt_is_4b_c(text) {
            return None;
        }
        Some(std::slice::from_raw_parts(
            pgrx::vardata_any(text).cast(),
            pgrx::varsize_any_exhdr(text),
        ))
    }
}

/// Whether the id is one of those that were found right.
unsafe fn is_seen(call: pg_sys::FunctionCallInfo) -> bool {
    // SAFETY: the caller's promise; what is kept is of the type that `keep` has stored.
    unsafe {
        let flinfo = (*call).flinfo;
        if flinfo.is_null() || (*flinfo).fn_extra.is_null() {
            return false;
        }
        let seen = &*(*flinfo).fn_extra.cast::<Seen>();
        let arguments = (*call).args.as_ptr();
        if (0..3).any(|nth| (*arguments.add(nth)).isnull) || seen.generation != held::generation() {
            return false;
        }
        let id = (*arguments.add(2)).value.value() as i64;
        (seen.first..=seen.last).contains(&id)
            && plain((*arguments).value).is_some_and(|name| seen.schema.is(name))
            && plain((*arguments.add(1)).value).is_some_and(|name| seen.table.is(name))
    }
}

/// Looks in full; null if the id is right.
///
/// # Safety
/// As [`steep_check_id_range`].
#[pg_guard]
unsafe extern "C-unwind" fn look(call: pg_sys::FunctionCallInfo) -> *mut Refusal {
    // SAFETY: the caller's promise.
    unsafe {
        // What peers have written is theirs to answer for: NOT FOR REPLICATION.
        if pg_sys::SessionReplicationRole == pg_sys::SESSION_REPLICATION_ROLE_REPLICA as i32 {
            return std::ptr::null_mut();
        }
        let schema = pgrx::fcinfo::pg_getarg::<&str>(call, 0);
        let table = pgrx::fcinfo::pg_getarg::<&str>(call, 1);
        let id = pgrx::fcinfo::pg_getarg::<i64>(call, 2);
        let (Some(schema), Some(table), Some(id)) = (schema, table, id) else {
            return std::ptr::null_mut();
        };
        let Some(held) = held::get(schema, table) else { return std::ptr::null_mut() };
        if guc::bypasses_range_check() {
            imported::note(&held, id);
            return std::ptr::null_mut();
        }
        if is_to_be_drawn(call, &held, id) {
            return std::ptr::null_mut();
        }
        // What this session knows may be older than what was drawn.
        pg_sys::AcceptInvalidationMessages();
        let Some(held) = held::get(schema, table) else { return std::ptr::null_mut() };
        if is_to_be_drawn(call, &held, id) || is_of_the_past(call, &held, id) {
            return std::ptr::null_mut();
        }
        if vouched::take(&held.schema, &held.table, id) {
            imported::note(&held, id);
            return std::ptr::null_mut();
        }
        let was_moved = turnover::outside(&held, id);
        match existing::has_row(held.relation, &held.column, id) {
            true => std::ptr::null_mut(),
            false => Refusal::new(&held, id, was_moved),
        }
    }
}

/// Whether the sequence draws the id from one of the runs it has. Near the end of one it is moved on.
///
/// # Safety
/// As [`steep_check_id_range`].
unsafe fn is_to_be_drawn(call: pg_sys::FunctionCallInfo, held: &Rc<Held>, id: i64) -> bool {
    let Some(run) = held.runs.at(id) else { return false };
    // SAFETY: the caller's promise.
    unsafe {
        if run.end().abs_diff(id) >= held.headroom {
            let last = run.end().saturating_sub_unsigned(held.headroom);
            keep(call, held, (run.start(), last));
        } else {
            turnover::near_the_end(held);
        }
    }
    true
}

/// Whether the id is from a range that the sequence has left: a session may write it late.
///
/// # Safety
/// As [`steep_check_id_range`].
unsafe fn is_of_the_past(call: pg_sys::FunctionCallInfo, held: &Held, id: i64) -> bool {
    let Some(ids) = held.holdings.ranges().iter().find(|ids| ids.contains(id)) else {
        return false;
    };
    // SAFETY: the caller's promise.
    unsafe {
        let is_past = turnover::is_under_way(held);
        if is_past {
            keep(call, held, held.runs.gap(*ids, id));
        }
        is_past
    }
}

/// Remembers ids that are right, for the rows of the same statement.
unsafe fn keep(call: pg_sys::FunctionCallInfo, held: &Held, (first, last): (i64, i64)) {
    // SAFETY: the memory lives as long as the function's own place (fmgr.h).
    unsafe {
        let flinfo = (*call).flinfo;
        if flinfo.is_null() {
            return;
        }
        if (*flinfo).fn_extra.is_null() {
            (*flinfo).fn_extra =
                pg_sys::MemoryContextAllocZero((*flinfo).fn_mcxt, size_of::<Seen>());
        }
        let seen = &mut *(*flinfo).fn_extra.cast::<Seen>();
        seen.schema.set(held.schema.as_bytes());
        seen.table.set(held.table.as_bytes());
        (seen.first, seen.last, seen.generation) = (first, last, held::generation());
    }
}

/// The function itself; nothing where the extension does not have it.
///
/// # Safety
/// Inside a transaction.
pub(super) unsafe fn function() -> Option<pg_sys::Oid> {
    // SAFETY: catalog look-ups.
    unsafe {
        let schema = pg_sys::get_namespace_oid(c"steep_repl".as_ptr(), true);
        let mut arguments = [pg_sys::TEXTOID, pg_sys::TEXTOID, pg_sys::INT8OID];
        let types = pg_sys::buildoidvector(arguments.as_mut_ptr(), 3);
        let oid = pg_sys::GetSysCacheOid(
            pg_sys::SysCacheIdentifier::PROCNAMEARGSNSP.cast_signed(),
            pg_sys::Anum_pg_proc_oid as i16,
            pg_sys::Datum::from(c"check_id_range".as_ptr()),
            pg_sys::Datum::from(types),
            schema.into(),
            pg_sys::Datum::null(),
        );
        (oid != pg_sys::InvalidOid).then_some(oid)
    }
}

/// Says that the function follows the version-1 convention (fmgr.h).
#[unsafe(no_mangle)]
extern "C" fn pg_finfo_steep_forget_ranges() -> &'static pg_sys::Pg_finfo_record {
    const V1: pg_sys::Pg_finfo_record = pg_sys::Pg_finfo_record { api_version: 1 };
    &V1
}

/// `steep_repl.forget_ranges()`
///
/// # Safety
/// Called by PostgreSQL's function manager.
#[unsafe(no_mangle)]
#[pg_guard]
unsafe extern "C-unwind" fn steep_forget_ranges(_call: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: a trigger runs in a transaction.
    unsafe { held::announce_change() };
    pg_sys::Datum::null()
}
