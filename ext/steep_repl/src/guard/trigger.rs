//! The functions that SQL calls: entries of triggers, and small ones for the extension's own SQL.

use super::applying::{self, Applying};
use super::scope::OpenTable;
use super::table::Table;
use super::update::{self, Rows};
use super::write::{self, Mode};
use super::{Verdict, delete, direct, local_deletes, overtaken, place, retraction};
use crate::infallible;
use crate::tap::transaction::TRANSACTION;
use crate::tap::{self, native_report, relations};
use pgrx::pg_sys;
use pgrx::prelude::*;
use steep_conflict::ChangeKind;

/// Declares a function with PostgreSQL's version-1 calling convention.
macro_rules! sql_function {
    ($(#[$doc:meta])* $name:ident, $info:ident, $body:expr) => {
        /// Says that the function follows the version-1 convention (fmgr.h).
        #[unsafe(no_mangle)]
        extern "C" fn $info() -> &'static pg_sys::Pg_finfo_record {
            const V1: pg_sys::Pg_finfo_record = pg_sys::Pg_finfo_record { api_version: 1 };
            &V1
        }

        $(#[$doc])*
        ///
        /// # Safety
        /// Called by PostgreSQL's function manager.
        #[unsafe(no_mangle)]
        #[pg_guard]
        unsafe extern "C-unwind" fn $name(call: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
            let body: unsafe fn(pg_sys::FunctionCallInfo) -> pg_sys::Datum = $body;
            // SAFETY: the caller's promise.
            unsafe { body(call) }
        }
    };
}

sql_function!(
    /// `steep_repl.guard()`
    steep_guard, pg_finfo_steep_guard, guard
);
sql_function!(
    /// `steep_repl.record_deletes()`
    steep_record_deletes, pg_finfo_steep_record_deletes, record_deletes
);
sql_function!(
    /// `steep_repl.retract()`
    steep_retract, pg_finfo_steep_retract, retract
);
sql_function!(
    /// `steep_repl.allow_resolved_write()`
    steep_allow_resolved_write, pg_finfo_steep_allow_resolved_write, allow_resolved_write
);
sql_function!(
    /// `steep_repl.forget_cached_state()`
    steep_forget_cached_state, pg_finfo_steep_forget_cached_state, forget_cached_state
);
sql_function!(
    /// `steep_repl.oldest_commit_timestamp_xid()`
    steep_oldest_commit_timestamp_xid,
    pg_finfo_steep_oldest_commit_timestamp_xid,
    |_| pg_sys::Datum::from(super::oldest_commit_timestamp_xid().get())
);

/// The trigger call, or an error: the function was called in another way.
unsafe fn trigger(call: pg_sys::FunctionCallInfo) -> *mut pg_sys::TriggerData {
    // SAFETY: the context of a call is a node or null.
    unsafe {
        let context = (*call).context;
        if context.is_null() || (*context).type_ != pg_sys::NodeTag::T_TriggerData {
            ereport!(
                PgLogLevel::ERROR,
                PgSqlErrorCode::ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED,
                "a trigger function of steep_repl was called outside of a trigger"
            );
        }
        context.cast()
    }
}

unsafe fn guard(call: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: a trigger call; for an update the new row is the second one.
    unsafe {
        let data = trigger(call);
        let event = (*data).tg_event & pg_sys::TRIGGER_EVENT_OPMASK;
        let is_update = event == pg_sys::TRIGGER_EVENT_UPDATE;
        let row = if is_update { (*data).tg_newtuple } else { (*data).tg_trigtuple };
        // A session in replica mode, for example a restore, writes what it is told to.
        if !infallible::IsLogicalWorker() {
            return row.into();
        }
        native_report::unmute();
        let mode = write::mode();
        let table = Table::of((*data).tg_relation);
        if !tap::is_installed() {
            applying::require_session(&table);
        }
        // What a user's trigger writes in the worker is no change of the stream.
        let arrived = TRANSACTION.with_borrow(|transaction| transaction.last);
        if !arrived.is_some_and(|arrived| relations::is_of(arrived.relation, &table)) {
            return row.into();
        }
        TRANSACTION.with_borrow_mut(|transaction| transaction.hit = true);
        overtaken::looking(table.root);
        if matches!(mode, Mode::Decided) {
            return row.into();
        }
        let of_table = table.clone();
        let verdict = match event {
            pg_sys::TRIGGER_EVENT_INSERT => insert(&table, data, &mode),
            pg_sys::TRIGGER_EVENT_UPDATE => update::update(
                table,
                Rows {
                    relation: (*data).tg_relation,
                    old: (*data).tg_trigslot,
                    old_tuple: (*data).tg_trigtuple,
                    new: (*data).tg_newslot,
                    new_tuple: (*data).tg_newtuple,
                },
            ),
            _ => delete::delete(
                table,
                (*data).tg_relation,
                (*data).tg_trigslot,
                (*data).tg_trigtuple,
            ),
        };
        if let (Verdict::Pass, Some(arrived), Mode::Stream) = (&verdict, &arrived, &mode) {
            direct::learn(arrived, &of_table, (*(*data).tg_relation).rd_id);
        }
        match verdict {
            Verdict::Pass => row.into(),
            Verdict::Replace(other) => other.into(),
            Verdict::Skip => pg_sys::Datum::null(),
        }
    }
}

unsafe fn insert(
    table: &std::rc::Rc<Table>,
    data: *mut pg_sys::TriggerData,
    mode: &Mode,
) -> Verdict {
    // SAFETY: a trigger call for an insert.
    unsafe {
        let session = applying::require_session(table);
        let relation = (*(*data).tg_relation).rd_id;
        let row = (*data).tg_trigslot;
        let (kind, missing) = match mode {
            Mode::MissingUpdate { unchanged, is_insert: false } => {
                (ChangeKind::Update, &**unchanged)
            }
            Mode::MissingUpdate { unchanged, is_insert: true } => {
                (ChangeKind::Insert, &**unchanged)
            }
            Mode::Stream | Mode::Decided => (ChangeKind::Insert, &[][..]),
        };
        let probe = if table.computes_keys {
            let insert = pg_sys::CmdType::CMD_INSERT;
            OpenTable::get(relation).with_generated(table, row, insert)
        } else {
            row
        };
        let is_free = missing.is_empty() && place::is_free(table, relation, probe, &session);
        if table.computes_keys {
            OpenTable::get(relation).reset();
        }
        if is_free {
            return Verdict::Pass;
        }
        let Some(policy) = applying::policy_of(&session, table) else { return Verdict::Skip };
        let applying = Applying::last(session, table.clone(), policy);
        let tuple = (*data).tg_trigtuple;
        let incoming = place::Incoming { row, tuple, kind, missing, leaving: None };
        place::insert(&applying, &OpenTable::get(relation), incoming)
    }
}

unsafe fn record_deletes(call: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: a trigger call. What an apply worker deletes is the guard's business.
    unsafe {
        let data = trigger(call);
        if !pg_sys::IsLogicalWorker() {
            local_deletes::record(data);
        }
        pg_sys::Datum::null()
    }
}

unsafe fn retract(call: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: a trigger call for an insert into steep_repl.retractions.
    unsafe {
        let data = trigger(call);
        // This node's own are carried out already. A peer's need not be kept, and its numbers begin
        // again when it is built anew.
        if pg_sys::IsLogicalWorker() && pg_sys::replorigin_session_origin != 0 {
            retraction::apply((*data).tg_trigslot);
            return pg_sys::Datum::null();
        }
        (*data).tg_trigtuple.into()
    }
}

unsafe fn allow_resolved_write(_: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    TRANSACTION.with_borrow_mut(|transaction| transaction.resolves = true);
    pg_sys::Datum::null()
}

unsafe fn forget_cached_state(call: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: a trigger call; the invalidation is sent to all processes when the change commits.
    unsafe {
        let data = trigger(call);
        pg_sys::CacheInvalidateRelcache((*data).tg_relation);
        pg_sys::Datum::null()
    }
}
