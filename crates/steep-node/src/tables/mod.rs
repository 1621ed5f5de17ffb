//! The tables of a node: which replicate, which could, and which cannot.

mod classify;
mod pattern;

pub(crate) use self::classify::SIZE;
pub use self::classify::{Class, list};
pub(crate) use self::pattern::parts;
pub use self::pattern::{Pattern, PatternError};
