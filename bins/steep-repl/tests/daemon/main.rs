//! The daemon as a process, against real servers.
#![cfg(unix)]

mod conflicts;
mod joining;
mod life;
mod load;
mod pair;
mod support;
mod trio;
mod watching;
