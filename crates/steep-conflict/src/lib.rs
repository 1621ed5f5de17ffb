//! The merge decision.
#![no_std]

extern crate alloc;

mod change;
mod conflict;
mod decide;
mod decision;
mod detection;
mod origin;
mod revert;
mod strategy;
mod tombstone;
mod unique;
mod version;

pub use change::{Change, ChangeKind, Columns, Evidence};
pub use conflict::{Conflict, ConflictType, PgConflict, Resolution};
pub use decide::decide;
pub use decision::{Action, Decision, Reason};
pub use detection::{Clues, Detection, UnknownDetection, saw_by_beat, saw_forwarded};
pub use origin::{Origin, Origins, OriginsError};
pub use revert::{LogEntry, LoggedTuple, RevertError, RevertPlan, Side, plan_revert};
pub use strategy::{Convergence, Policy, PolicyError, Strategy, UnknownStrategy};
pub use tombstone::may_prune;
pub use unique::{Contender, Contest, contend};
pub use version::{Held, RowState, Version};
