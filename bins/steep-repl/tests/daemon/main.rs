//! The daemon as a process, against real servers.
#![cfg(unix)]

mod conflicts;
mod life;
mod pair;
mod support;
mod watching;
