//! One change that is being applied, and everything needed to judge it.

use super::held::Writer;
use super::table::Table;
use super::{conflict_log, key, tombstone};
use crate::tap::message::{Relation, RowChange, Value};
use crate::tap::relations;
use crate::tap::session::{self, Session, TablePolicy};
use crate::tap::transaction::{Arrived, TRANSACTION};
use pgrx::pg_sys;
use pgrx::prelude::*;
use std::rc::Rc;
use steep_conflict::{Change, ChangeKind, Clues, Columns, Detection, Evidence, Policy, Version};
use steep_types::CommitTs;

/// The change, as it arrived.
pub(super) struct Applying {
    pub(super) session: Rc<Session>,
    pub(super) table: Rc<Table>,
    pub(super) policy: TablePolicy,
    pub(super) commit_ts: CommitTs,
    pub(super) xid: u32,
    resolves: bool,
    message: Option<Message>,
}

#[derive(Clone)]
struct Message {
    relation: Rc<Relation>,
    change: RowChange<'static>,
}

impl Applying {
    /// The change that has arrived last, of the given table.
    ///
    /// # Safety
    /// Before the worker asks for the next message.
    pub(super) unsafe fn last(session: Rc<Session>, table: Rc<Table>, policy: TablePolicy) -> Self {
        let (commit_ts, xid, resolves, last) = TRANSACTION.with_borrow(|transaction| {
            (transaction.commit_ts, transaction.xid, transaction.resolves, transaction.last)
        });
        let message = last.and_then(|arrived| {
            // SAFETY: the caller's promise.
            let change = RowChange::parse(unsafe { arrived.body.bytes() })?;
            Some(Message { relation: relations::get(arrived.relation)?, change })
        });
        let commit_ts = CommitTs::from_micros(commit_ts);
        Self { session, table, policy, commit_ts, xid, resolves, message }
    }

    /// The same change, which the tap has taken already.
    ///
    /// # Safety
    /// As [`Applying::last`].
    pub(super) unsafe fn last_of(
        arrived: &Arrived,
        session: Rc<Session>,
        table: Rc<Table>,
        policy: TablePolicy,
    ) -> Self {
        TRANSACTION.with_borrow_mut(|transaction| transaction.last = Some(*arrived));
        // SAFETY: the caller's promise.
        unsafe { Self::last(session, table, policy) }
    }

    /// Whether the change could be read.
    pub(super) fn has_message(&self) -> bool {
        self.message.is_some()
    }

    /// The same change of a partition of the table.
    pub(super) fn with_table(&self, table: Rc<Table>) -> Self {
        Self {
            session: self.session.clone(),
            table,
            policy: self.policy.clone(),
            message: self.message.clone(),
            ..*self
        }
    }

    /// The version of the change.
    pub(super) fn version(&self) -> Version {
        Version::new(self.commit_ts, self.session.origin(&self.policy, self.session.peer))
    }

    pub(super) fn peer(&self) -> &str {
        self.session.name(self.session.peer)
    }

    pub(super) fn deleter(&self) -> tombstone::Deleter<'_> {
        tombstone::Deleter::Peer { node: self.peer(), xid: self.xid.into() }
    }

    /// Whether a third node might still send something older than this delete.
    pub(super) fn needs_tombstone(&self) -> bool {
        self.session.members > 2
    }

    pub(super) fn merge_policy(&self) -> Policy {
        let horizon = self.session.horizon();
        Policy::new(self.policy.strategy, self.policy.detection, horizon)
            // The table's constraint makes sure of it; without evidence only this is right.
            .unwrap_or_else(|_| Policy::last_write_wins(horizon))
    }

    /// The change for the merge decision.
    pub(super) fn change(&self, kind: ChangeKind, evidence: Evidence) -> Change {
        let mut change = Change::new(kind, self.version()).with_evidence(evidence);
        change.resolves = self.resolves;
        change
    }

    /// What is known of the order of the local write and this one.
    pub(super) fn evidence(&self, local: Writer, old_row_is_local: Option<bool>) -> Evidence {
        let node = local.node(&self.session);
        let remote_saw_local = local.was_copied()
            || node.is_some_and(|node| self.session.peer_saw(node, local.full_xid()));
        let clues = Clues { old_row_is_local, remote_saw_local, local_saw_remote: false };
        self.policy.detection.evidence(clues)
    }

    /// Whether the old row in the message equals a local one; `None` if it has no old row.
    ///
    /// # Safety
    /// `local` holds a row of the table.
    pub(super) unsafe fn old_row_is(&self, local: *mut pg_sys::TupleTableSlot) -> Option<bool> {
        let message = self.message.as_ref()?;
        let Some(old) = message.change.old.as_ref() else {
            if self.policy.detection == Detection::Exact {
                no_old_row(&self.table, self.peer());
            }
            return None;
        };
        let mut columns = message.relation.columns.iter().zip(old);
        Some(columns.all(|(name, sent)| {
            let Some(place) = self.table.place(name) else { return true };
            let column = &self.table.columns[place];
            // SAFETY: the caller's promise.
            unsafe {
                match (self.datum(place, *sent), key::value(local, place)) {
                    (None, (_, is_null)) => is_null,
                    (Some(_), (_, true)) => false,
                    (Some(old), (here, false)) => column.same_bytes(old, here),
                }
            }
        }))
    }

    /// Places of the columns that the update left out, because they are stored out of line and it
    /// did not change them.
    pub(super) fn unchanged(&self) -> Vec<usize> {
        let Some(message) = &self.message else { return Vec::new() };
        let Some(new) = &message.change.new else { return Vec::new() };
        let columns = message.relation.columns.iter().zip(new);
        columns
            .filter(|(_, value)| **value == Value::Unchanged)
            .filter_map(|(name, _)| self.table.place(name))
            .collect()
    }

    /// The columns the update left out, from the old row in its message.
    ///
    /// # Safety
    /// Inside a transaction.
    pub(super) unsafe fn old_values(&self, places: &[usize]) -> Option<Vec<Option<pg_sys::Datum>>> {
        let message = self.message.as_ref()?;
        let old = message.change.old.as_ref()?;
        places
            .iter()
            .map(|place| {
                let name = &self.table.columns[*place].name;
                let at = message.relation.columns.iter().position(|column| column == name)?;
                // SAFETY: the caller's promise.
                Some(unsafe { self.datum(*place, *old.get(at)?) })
            })
            .collect()
    }

    /// How the row can be made whole.
    pub(super) fn columns(&self, unchanged: &[usize]) -> Columns {
        let has_old = self.message.as_ref().is_some_and(|message| message.change.old.is_some());
        if unchanged.is_empty() || has_old { Columns::All } else { Columns::FromLocal }
    }

    /// A value of the message as the local column wants it.
    ///
    /// # Safety
    /// Inside a transaction with a snapshot.
    unsafe fn datum(&self, place: usize, value: Value<'_>) -> Option<pg_sys::Datum> {
        let column = &self.table.columns[place];
        match value {
            Value::Null | Value::Unchanged => None,
            Value::Text(bytes) => {
                let text = std::ffi::CString::new(bytes).unwrap_or_default();
                // SAFETY: the caller's promise.
                Some(unsafe { column.parse(&text) })
            }
            // SAFETY: the receive function reports what it cannot read.
            Value::Binary(bytes) => Some(unsafe {
                let (mut receive, mut parameter) = (pg_sys::InvalidOid, pg_sys::InvalidOid);
                pg_sys::getTypeBinaryInputInfo(column.type_oid, &mut receive, &mut parameter);
                let buffer = pg_sys::makeStringInfo();
                pg_sys::appendBinaryStringInfo(buffer, bytes.as_ptr().cast(), bytes.len() as i32);
                pg_sys::OidReceiveFunctionCall(receive, buffer, parameter, column.type_modifier)
            }),
        }
    }

    /// A slot with one of the message's rows; places the message does not have are null.
    ///
    /// # Safety
    /// Inside a transaction with a snapshot; `descriptor` is the table's.
    pub(super) unsafe fn slot_of(
        &self,
        row: MessageRow,
        descriptor: pg_sys::TupleDesc,
    ) -> Option<MessageSlot> {
        let message = self.message.as_ref()?;
        let values = match row {
            MessageRow::New => message.change.new.as_ref()?,
            MessageRow::Old => message.change.old.as_ref().or(message.change.old_key.as_ref())?,
        };
        // SAFETY: the slot is made for this descriptor and lives in the caller's context.
        unsafe {
            let slot =
                pg_sys::MakeSingleTupleTableSlot(descriptor, &raw const pg_sys::TTSOpsVirtual);
            let mut sent = Vec::new();
            pg_sys::ExecStoreAllNullTuple(slot);
            for (name, value) in message.relation.columns.iter().zip(values) {
                let Some(place) = self.table.place(name) else { continue };
                sent.push(place);
                if let Some(value) = self.datum(place, *value) {
                    *(*slot).tts_values.add(place) = value;
                    *(*slot).tts_isnull.add(place) = false;
                }
            }
            Some(MessageSlot { slot, sent })
        }
    }

    /// Writes a conflict to the log.
    ///
    /// # Safety
    /// Inside a transaction; `row` holds the key of the row that is logged.
    pub(super) unsafe fn log(
        &self,
        conflict: &steep_conflict::Conflict,
        row: *mut pg_sys::TupleTableSlot,
        local: &conflict_log::Side,
        remote: Option<pg_sys::Datum>,
    ) {
        // SAFETY: the caller's promise.
        unsafe { conflict_log::add(self, conflict, row, local, remote) };
    }
}

/// Which row of the message.
#[derive(Debug, Clone, Copy)]
pub(super) enum MessageRow {
    New,
    /// The old row, or its key only.
    Old,
}

/// A row of the message in a slot.
pub(super) struct MessageSlot {
    pub(super) slot: *mut pg_sys::TupleTableSlot,
    /// Places of the columns that the publisher has.
    pub(super) sent: Vec<usize>,
}

/// Without the old row a sequential write would be taken for a concurrent one.
fn no_old_row(table: &Table, peer: &str) {
    pg_sys::panic::ErrorReport::new(
        PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("node \"{peer}\" sends changes of table {} without the old row", table.qualified_name()),
        function_name!(),
    )
    .set_detail("Exact detection needs REPLICA IDENTITY FULL there, on every partition.")
    .set_hint("On that node, give the table its policy again with steep_repl.set_table_policy(); that sets the replica identity of partitions made later, too. Changes made before stay as they are: use default detection here until they have passed.")
    .report(PgLogLevel::ERROR);
}

/// What there is to know of the table of the last change, if it is a replicated one.
pub(super) fn policy_of(session: &Session, table: &Table) -> Option<TablePolicy> {
    session.tables.get(&table.root.to_u32()).filter(|policy| policy.is_active).cloned()
}

/// This worker's session, or an error: a guarded row has arrived from no peer.
pub(super) fn require_session(table: &Table) -> Rc<Session> {
    session::current().unwrap_or_else(|| not_a_peer(table))
}

fn not_a_peer(table: &Table) -> ! {
    pg_sys::panic::ErrorReport::new(
        PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("rows of replicated table {} arrive from no known peer", table.qualified_name()),
        function_name!(),
    )
    .set_detail(format!(
        "Conflicts are decided by the node and the commit timestamp of each write; the worker of subscription \"{}\" knows neither.",
        session::subscription()
    ))
    .set_hint("Tie the subscription to its node with steep_repl.add_peer(node_id, subscription), and create it with copy_data = false.")
    .report(PgLogLevel::ERROR);
    unreachable!("an ERROR report does not return")
}
