//! The daemon's answers to its local clients.
//!
//! [`Dispatcher`] is the [`steep_ipc_tokio::Service`] of a daemon: what is about this node's own
//! state it answers itself, what changes the group it hands to [`Operations`].
//!
//! # Contract
//!
//! * While PostgreSQL is away, status and health are answered from what was last known; everything
//!   that needs it fails with class `transient`.
//! * What a client asked to change is done in sessions whose `application_name` is
//!   `steep-repl for <OS user>`, and recorded in `steep_repl.audit_log`.
//! * After a change the watch looks at once, so that the next status shows it.

mod conflicts;
mod dispatcher;
mod events;
mod failure;
mod nodes;
mod operations;
mod session;
mod subscriptions;

pub use self::dispatcher::Dispatcher;
pub use self::failure::failure;
pub use self::operations::{Context, Operations, ProgressSink};
