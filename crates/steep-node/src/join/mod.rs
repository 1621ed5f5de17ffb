//! How a database becomes a node of a group that goes on writing: exactly, without a pause.
//!
//! The rows are copied from one member, the source, under one snapshot. Of the source's own changes
//! the slot that exports the snapshot delivers those after it. Of each other member's changes the
//! snapshot holds a beginning, and says which: while a node joins, the source's apply workers note
//! their position in the very transactions they apply (`steep_repl.applied_positions`).
//!
//! Rows keep their versions. A change that is yet to arrive was made after the attempt began
//! (`steep_repl.joins.horizon_at`), give or take a margin: older rows may count as older than
//! everything, and those that are not older get the commit timestamp and origin they have at the
//! source.
//!
//! Every step is on record in the joining database (`steep_repl.own_join`). An attempt that fails
//! before its subscriptions stand is undone, here and on all members; after that it is carried on.

mod addresses;
mod catch_up;
mod checks;
mod closed;
mod copy;
mod copy_plan;
mod identity;
mod peers;
mod plan;
mod programs;
mod progress;
mod record;
mod run;
mod schema;
mod sequences;
mod slots;
mod snapshot;
mod source;
mod subscriptions;
mod undo;
mod versions;
mod wait;

pub use self::addresses::Address;
pub use self::peers::{Answer, Peers};
pub use self::programs::Programs;
pub use self::progress::Meter;
pub use self::run::Join;
pub(crate) use self::wait::until;
