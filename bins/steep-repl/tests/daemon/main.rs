//! The daemon as a process, against real servers.
#![cfg(unix)]

mod conflicts;
mod day;
mod life;
mod pair;
mod seen;
mod support;
mod watching;
