//! The tables of a node: which replicate, which could, and which cannot.

mod classify;
mod ids;
mod pattern;

pub(crate) use self::classify::SIZE;
pub use self::classify::{Class, list};
pub(crate) use self::ids::{Ids, ids};
pub(crate) use self::pattern::parts;
pub use self::pattern::{Pattern, PatternError};
