//! The tap: knowing the remote transaction while it is applied.
//!
//! A trigger in PostgreSQL's apply worker cannot see the remote commit timestamp, which the worker
//! stores only at commit. But each message reaches the worker through a table of function pointers
//! (`WalReceiverFunctions`, walreceiver.h), and the tap puts itself in that table.
//!
//! It also finds the rows a change did not find: when an update or delete of a guarded table has
//! arrived and no row trigger fired before the worker asks for the next message, the row was not
//! there. The transaction is still open then and the message still in its buffer.
//!
//! # Contract of the unsafe code
//! Everything here runs in the only thread of an apply worker (`LogicalRepApplyLoop`, worker.c).
//! Errors of the server cross as panics that `pg_guard` turns back; an error is an apply error: the
//! worker's transaction aborts and is retried.

#![allow(unsafe_code)]

mod clock;
pub(crate) mod housekeeping;
pub(crate) mod message;
pub(crate) mod native_report;
mod pace;
mod positions;
pub(crate) mod relations;
pub(crate) mod session;
pub(crate) mod transaction;

use self::message::{Message, Relation, RowKind};
use self::transaction::{Arrived, TRANSACTION};
use crate::{guard, infallible};
use pgrx::pg_sys;
use pgrx::prelude::*;
use std::ffi::{CStr, c_char, c_int, c_void};

/// The server's own table, and our copy of it with one entry changed.
static mut ORIGINAL: pg_sys::walrcv_receive_fn = None;
static mut TAPPED: pg_sys::WalReceiverFunctionsType =
    // SAFETY: a table of optional function pointers; all zeros is none of them.
    unsafe { std::mem::zeroed() };

/// Asks to be told when transactions end: the first one of a worker ends after libpqwalreceiver is
/// loaded and before its first message.
pub(crate) fn register() {
    // SAFETY: `_PG_init` runs in the only thread; the callbacks live as long as the process.
    unsafe {
        pg_sys::RegisterXactCallback(Some(at_transaction_end), std::ptr::null_mut());
        pg_sys::RegisterSubXactCallback(Some(at_subtransaction_end), std::ptr::null_mut());
        pg_sys::CacheRegisterRelcacheCallback(
            Some(session::at_relcache_invalidation),
            pg_sys::Datum::null(),
        );
    }
    guard::register();
}

#[pg_guard]
unsafe extern "C-unwind" fn at_transaction_end(
    event: pg_sys::XactEvent::Type,
    _argument: *mut c_void,
) {
    // SAFETY: see the module; the table is set once by libpqwalreceiver and never freed.
    unsafe {
        let original = ORIGINAL;
        if original.is_none() && !pg_sys::WalReceiverFunctions.is_null() && is_apply_worker() {
            let mut table = *pg_sys::WalReceiverFunctions;
            ORIGINAL = table.walrcv_receive;
            table.walrcv_receive = Some(receive);
            (&raw mut TAPPED).write(table);
            pg_sys::WalReceiverFunctions = &raw mut TAPPED;
        }
    }
    native_report::unmute();
    guard::at_transaction_end(event);
}

#[pg_guard]
unsafe extern "C-unwind" fn at_subtransaction_end(
    event: pg_sys::SubXactEvent::Type,
    _subtransaction: pg_sys::SubTransactionId,
    _parent: pg_sys::SubTransactionId,
    _argument: *mut c_void,
) {
    if event == pg_sys::SubXactEvent::SUBXACT_EVENT_ABORT_SUB {
        guard::subtransaction_aborted();
    }
}

/// Whether this process applies a stream: a worker that copies a table receives its rows through
/// the same function, without frames, and a parallel apply worker receives nothing.
unsafe fn is_apply_worker() -> bool {
    // SAFETY: set before the worker's main function runs; the name is as ApplyLauncherMain gives it
    // (logicalrep_worker_launch, launcher.c).
    unsafe {
        if !pg_sys::IsLogicalWorker() || pg_sys::MyBgworkerEntry.is_null() {
            return false;
        }
        let name = CStr::from_ptr((*pg_sys::MyBgworkerEntry).bgw_name.as_ptr());
        name.to_bytes().starts_with(b"logical replication apply worker")
    }
}

/// Whether the changes that this process applies pass through here. They do not in a worker that
/// copies a table, nor in a parallel one.
pub(crate) fn is_installed() -> bool {
    // SAFETY: written once, by this thread.
    let original = unsafe { ORIGINAL };
    original.is_some()
}

/// `walrcv_receive`: ends what the last message began, waits for the next, and looks at it.
unsafe extern "C-unwind" fn receive(
    connection: *mut pg_sys::WalReceiverConn,
    buffer: *mut *mut c_char,
    descriptor: *mut pg_sys::pgsocket,
) -> c_int {
    // SAFETY: the arguments are handed on as they came. An error of the server's own function jumps
    // over this frame, which holds only plain copies of them.
    unsafe {
        loop {
            before_receive();
            let Some(original) = ORIGINAL else { return -1 };
            let mut length = original(connection, buffer, descriptor);
            if length == 0 && pace::rest() {
                length = original(connection, buffer, descriptor);
            }
            if length == 0 {
                pace::waits();
            }
            if length <= 0 || !after_receive(*buffer, length) {
                return length;
            }
        }
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn before_receive() {
    native_report::unmute();
    // SAFETY: see the module.
    unsafe { finish_last_message() };
}

/// Whether the message has been dealt with: the worker need not see it.
#[pg_guard]
unsafe extern "C-unwind" fn after_receive(buffer: *mut c_char, length: c_int) -> bool {
    let Ok(length) = usize::try_from(length) else { return false };
    // SAFETY: the server's function has left that many bytes there, valid until its next call.
    let frame = unsafe { std::slice::from_raw_parts(buffer.cast::<u8>(), length) };
    Message::parse(frame).is_some_and(arrived)
}

/// What the worker has done with the last message is known now.
unsafe fn finish_last_message() {
    let (last, is_open) =
        TRANSACTION.with_borrow_mut(|transaction| (transaction.last.take(), transaction.is_open));
    // SAFETY: plain reads of the transaction state; see the module.
    unsafe {
        if infallible::IsTransactionState() {
            if let Some(arrived) = last {
                if !TRANSACTION.with_borrow(|transaction| transaction.hit) {
                    guard::no_trigger_fired(&arrived);
                    // Judging it has put it back; its bytes are about to be freed.
                    TRANSACTION.with_borrow_mut(|transaction| transaction.last = None);
                }
                guard::written(&arrived);
            }
        } else if !is_open {
            housekeeping::between_transactions();
        }
    }
}

/// A message of a peer cannot be understood: going on would lose what it says.
pub(crate) fn unreadable(what: &str) {
    if !session::is_peer() {
        return;
    }
    ereport!(
        PgLogLevel::ERROR,
        PgSqlErrorCode::ERRCODE_PROTOCOL_VIOLATION,
        format!(
            "subscription \"{}\" delivered a {what} that cannot be read",
            session::subscription()
        )
    );
}

/// Takes a message in. Whether it has been dealt with.
fn arrived(message: Message<'_>) -> bool {
    match message {
        Message::Begin { commit_ts, xid } => {
            // SAFETY: a transaction begins, so none is open.
            unsafe {
                session::refresh();
                guard::transaction_begins();
                if session::is_peer() {
                    session::require_commit_timestamps();
                    clock::wait_until_past(commit_ts);
                }
            }
            TRANSACTION.with_borrow_mut(|transaction| transaction.begin(commit_ts, xid));
        }
        Message::Relation(body) => match Relation::parse(body) {
            Some(relation) => {
                guard::forget_direct();
                relations::learn(relation);
            }
            None => unreadable("description of a table"),
        },
        Message::Row { kind, relation, body } => {
            pace::row();
            let change = Arrived { kind, relation, body: body.into() };
            // SAFETY: it has just been received.
            if unsafe { guard::apply_directly(&change) } {
                pgrx::check_for_interrupts!();
                return true;
            }
            if kind != RowKind::Insert && session::is_peer() && relations::is_of_user(relation) {
                native_report::mute();
            }
            TRANSACTION.with_borrow_mut(|transaction| {
                transaction.hit = false;
                transaction.last = Some(change);
            });
        }
        // SAFETY: the worker has yet to commit.
        Message::Commit { end_lsn } => unsafe {
            guard::before_commit();
            positions::record(end_lsn);
            TRANSACTION.with_borrow_mut(|transaction| transaction.is_open = false);
        },
        Message::StreamStart => session::refuse_option("streaming", "off"),
        Message::Prepare => session::refuse_option("two_phase", "false"),
        Message::Origin => session::refuse_option("origin", "none"),
        Message::Other => {}
    }
    false
}
