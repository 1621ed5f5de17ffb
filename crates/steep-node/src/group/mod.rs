//! A group's beginning.

mod init;

pub use self::init::{Init, Policy};
