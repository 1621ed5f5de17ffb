//! The conflict log: reading it, counting it, and deciding what waits for a person.

mod decide;
mod list;
mod stats;

pub use self::decide::{
    Bulk, Decision, Preview, preview, resolve, resolve_bulk, revert, would_resolve_bulk,
};
pub use self::list::{Conflict, Filter, State, list, show};
pub use self::stats::{Kind, pending, stats};
