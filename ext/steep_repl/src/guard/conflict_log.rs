//! `steep_repl.conflict_log`, written in the applying transaction itself.

use super::applying::Applying;
use super::held::Writer;
use super::{key, own_table, unbound};
use crate::tap::native_report;
use pgrx::pg_sys;
use pgrx::prelude::*;
use steep_conflict::{Conflict, Resolution};
use steep_types::CommitTs;

/// What this node held.
pub(super) struct Side {
    /// The row; `None` if it was deleted.
    pub(super) tuple: Option<pg_sys::Datum>,
    pub(super) at: Option<CommitTs>,
    pub(super) node: Option<usize>,
}

impl Side {
    /// What `writer` wrote.
    pub(super) fn of(applying: &Applying, writer: Writer, tuple: Option<pg_sys::Datum>) -> Self {
        Self { tuple, at: writer.commit_ts(), node: writer.node(&applying.session) }
    }
}

/// # Safety
/// Inside a transaction; `row` holds the key of the row that is logged, which is a row of the
/// applied table.
pub(super) unsafe fn add(
    applying: &Applying,
    conflict: &Conflict,
    row: *mut pg_sys::TupleTableSlot,
    local: &Side,
    remote: Option<pg_sys::Datum>,
) {
    let text = |text: &str| text.into_datum();
    let at = |at: CommitTs| pg_sys::Datum::from(at.as_micros());
    let is_decided = conflict.resolution != Resolution::Pending;
    let strategy = applying.policy.strategy.name();
    // SAFETY: the caller's promise; the values are those of the table's columns.
    unsafe {
        native_report::count(conflict.pg);
        let now = pg_sys::Datum::from(pg_sys::GetCurrentTimestamp());
        let sequence = own_table::oid(c"conflict_log_id_seq");
        own_table::add(
            own_table::oid(c"conflict_log"),
            &[
                Some(unbound::nextval_internal(sequence, false).into()),
                Some(now),
                text(&applying.session.subscription),
                text(&applying.table.schema),
                text(&applying.table.name),
                text(&conflict.kind.to_string()),
                local.tuple,
                remote,
                local.node.and_then(|node| text(applying.session.name(node))),
                text(applying.peer()),
                local.at.map(at),
                Some(at(applying.commit_ts)),
                Some(i64::from(applying.xid).into()),
                text(&conflict.resolution.to_string()),
                is_decided.then_some(now),
                text(strategy).filter(|_| is_decided),
                Some(key::as_jsonb(&applying.table, row)),
                conflict.pg.and_then(|name| text(&name.to_string())),
                text(strategy),
                Some(conflict.mixed.into()),
                None,
                None,
            ],
        );
    }
}
