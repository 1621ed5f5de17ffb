//! How far the peer's transactions are applied, kept in the transactions themselves while a node
//! joins from here: whoever takes a snapshot knows from the snapshot what it holds.
//!
//! PostgreSQL's own record (`pg_replication_origin_status`) is no table and belongs to no snapshot.

use super::session;
use crate::{infallible, kept, superuser};
use pgrx::prelude::*;

/// Notes that the transaction which is about to commit ends at `end_lsn` at the peer.
///
/// # Safety
/// In an apply worker, before the transaction commits, if there is one.
pub(super) unsafe fn record(end_lsn: u64) {
    let Some(session) = session::current() else { return };
    let Some(generation) = session.join_generation else { return };
    // SAFETY: a plain read; a transaction that changes nothing is none here.
    if !unsafe { infallible::IsTransactionState() } {
        return;
    }
    let peer = session.name(session.peer).to_owned();
    let lsn = format!("{:X}/{:X}", end_lsn >> 32, end_lsn & 0xFFFF_FFFF);
    // SAFETY: inside the transaction, after its last change.
    let written = unsafe {
        superuser::between_changes(|| {
            kept::run(
                "insert into steep_repl.applied_positions (node_id, generation, remote_lsn)
                 values ($1, $2, $3::pg_catalog.pg_lsn)
                 on conflict (node_id) do update
                 set generation = excluded.generation, remote_lsn = excluded.remote_lsn",
                &[peer.as_str().into(), generation.into(), lsn.as_str().into()],
                |_| Ok(()),
            )
        })
    };
    if let Err(error) = written {
        ereport!(
            PgLogLevel::ERROR,
            PgSqlErrorCode::ERRCODE_INTERNAL_ERROR,
            format!("an apply worker could not note how far it has come: {error}")
        );
    }
}
