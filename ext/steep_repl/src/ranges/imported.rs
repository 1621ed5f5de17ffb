//! Ids that were written with `steep_repl.bypass_range_check`: no sequence may run into them.

use super::held::Held;
use super::{as_owner, internal, sequence, vouched};
use crate::kept;
use pgrx::pg_sys;
use pgrx::prelude::*;
use std::cell::RefCell;
use steep_ranges::{IdRange, RangeSet};

/// Pieces that a transaction may leave in one table; each becomes a row on every node.
const MOST_PIECES: usize = 50_000;

/// Of one table, in this transaction.
struct OfTable {
    schema: String,
    table: String,
    ids: RangeSet,
    pieces: usize,
}

thread_local! {
    static IMPORTED: RefCell<Vec<OfTable>> = const { RefCell::new(Vec::new()) };
}

pub(super) fn register() {
    // SAFETY: `_PG_init` runs in the only thread; the callback lives as long as the process.
    unsafe { pg_sys::RegisterXactCallback(Some(at_transaction_end), std::ptr::null_mut()) };
}

/// An id was written, whosever it is.
///
/// # Safety
/// Inside a transaction.
pub(super) unsafe fn note(held: &Held, id: i64) {
    // SAFETY: the caller's promise.
    if unsafe { was_drawn(held, id) } {
        return;
    }
    let Ok(range) = IdRange::new(id, id) else { return };
    let pieces = IMPORTED.with_borrow_mut(|all| {
        let known = all.iter().position(|of| of.table == held.table && of.schema == held.schema);
        let at = known.unwrap_or_else(|| {
            let (schema, table) = (held.schema.clone(), held.table.clone());
            all.push(OfTable { schema, table, ids: RangeSet::new(), pieces: 0 });
            all.len() - 1
        });
        let of = &mut all[at];
        let touches = |id: Option<i64>| id.is_some_and(|id| of.ids.contains(id));
        let joins = touches(id.checked_sub(1)) || touches(id.checked_add(1));
        if of.ids.insert(range) && !joins {
            of.pieces += 1;
        }
        of.pieces
    });
    if pieces > MOST_PIECES {
        ereport!(
            PgLogLevel::ERROR,
            PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED,
            format!(
                "more than {MOST_PIECES} scattered ids were written to table \"{}\" in one transaction",
                held.table
            ),
            "Every sequence has to be kept off them. Import in the order of the ids, or in parts."
        );
    }
}

/// Whether the sequence has passed an id, so that it will not come upon it.
unsafe fn was_drawn(held: &Held, id: i64) -> bool {
    if held.runs.at(id).is_none() {
        return held.holdings.contains(id) && !held.waiting.contains(id);
    }
    // SAFETY: the caller's promise.
    let stand = unsafe { sequence::stand(held.sequence) };
    stand.drawn().is_some_and(|last| !held.runs.is_ahead(last, id))
}

#[pg_guard]
unsafe extern "C-unwind" fn at_transaction_end(
    event: pg_sys::XactEvent::Type,
    _argument: *mut std::ffi::c_void,
) {
    match event {
        pg_sys::XactEvent::XACT_EVENT_PRE_COMMIT | pg_sys::XactEvent::XACT_EVENT_PRE_PREPARE => {
            // SAFETY: statements may still run in the transaction.
            unsafe { record() };
        }
        pg_sys::XactEvent::XACT_EVENT_COMMIT
        | pg_sys::XactEvent::XACT_EVENT_ABORT
        | pg_sys::XactEvent::XACT_EVENT_PREPARE => {
            let _ = IMPORTED.try_with(|all| all.borrow_mut().clear());
            vouched::forget();
        }
        _ => {}
    }
}

unsafe fn record() {
    let all = IMPORTED.with_borrow_mut(std::mem::take);
    for of in all {
        let (starts, ends): (Vec<_>, Vec<_>) =
            of.ids.iter().map(|ids| (ids.start(), ids.end())).unzip();
        let arguments =
            [of.schema.as_str().into(), of.table.as_str().into(), starts.into(), ends.into()];
        // SAFETY: the caller's promise.
        unsafe {
            pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot());
            let recorded = as_owner(|| {
                kept::run(
                    "select steep_repl.record_imported_ids($1, $2, $3, $4)",
                    &arguments,
                    |_| Ok(()),
                )
            });
            internal(recorded, "record imported ids");
            pg_sys::PopActiveSnapshot();
        }
    }
}
