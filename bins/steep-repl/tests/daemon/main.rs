//! The daemon as a process, against real servers.
#![cfg(unix)]

mod life;
mod support;
