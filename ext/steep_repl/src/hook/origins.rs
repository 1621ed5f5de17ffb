//! A node keeps its replication origin number for ever.
//!
//! PostgreSQL frees the number when a subscription is dropped and gives it to the next one, but the
//! rows that the subscription brought still carry it: they would pass for the next peer's own. So
//! when a peer's subscription is dropped, a placeholder with the node's name takes the number.

#![allow(unsafe_code)]

use crate::{superuser, tap};
use pgrx::pg_sys;
use pgrx::prelude::*;
use std::cell::RefCell;
use std::ffi::{CStr, CString};

thread_local! {
    /// Of the subscription that is being dropped: its number, and its node.
    static DROPPED: RefCell<Option<(pg_sys::RepOriginId, String)>> = const { RefCell::new(None) };
}

/// Remembers what a statement is about to free.
///
/// # Safety
/// `statement` is the planned utility statement of a running `ProcessUtility` call.
#[pg_guard]
pub(super) unsafe extern "C-unwind" fn before_drop(statement: *mut pg_sys::PlannedStmt) {
    DROPPED.set(None);
    // SAFETY: the statement of a planned utility statement says what it is; catalog look-ups.
    unsafe {
        let statement = (*statement).utilityStmt;
        if (*statement).type_ != pg_sys::NodeTag::T_DropSubscriptionStmt {
            return;
        }
        let name = (*statement.cast::<pg_sys::DropSubscriptionStmt>()).subname;
        let subscription = pg_sys::get_subscription_oid(name, true);
        let origin = CString::new(format!("pg_{}", subscription.to_u32())).unwrap_or_default();
        let number = pg_sys::replorigin_by_name(origin.as_ptr(), true);
        if subscription == pg_sys::InvalidOid || number == 0 {
            return;
        }
        let name = CStr::from_ptr(name).to_string_lossy().into_owned();
        let superuser = pg_sys::Oid::from(pg_sys::BOOTSTRAP_SUPERUSERID);
        let node = superuser::as_user(superuser, || tap::session::node_of_subscription(&name));
        DROPPED.set(node.map(|node| (number, node)));
    }
}

/// Takes what a statement has freed.
///
/// # Safety
/// In the transaction of that statement, after it.
#[pg_guard]
pub(super) unsafe extern "C-unwind" fn after_drop() {
    let Some((wanted, node)) = DROPPED.take() else { return };
    let mut others = Vec::new();
    // SAFETY: origins are made with the lowest free number; those below the wanted one are given
    // back. All of it is undone if the transaction fails.
    unsafe {
        loop {
            let name = format!("steep_repl:{node}:{wanted}.{}", others.len());
            let name = CString::new(name).unwrap_or_default();
            let number = pg_sys::replorigin_create(name.as_ptr());
            if number >= wanted {
                break;
            }
            others.push(name);
        }
        for name in others {
            pg_sys::replorigin_drop_by_name(name.as_ptr(), false, true);
        }
    }
}
