//! Daemons of nodes that the project's commands start.

mod config;
mod daemon;
mod programs;

pub(crate) use self::config::Route;
pub(crate) use self::daemon::{Daemon, Described, Ports, folder_of, remove, runs};
pub(crate) use self::programs::Programs;
