//! The daemon as a process, against real servers.
#![cfg(unix)]

mod conflicts;
mod couple;
mod day;
mod discreet;
mod init;
mod joining;
mod leaving;
mod life;
mod links;
mod load;
mod ordinary;
mod pair;
mod ranges;
mod recorded;
mod rotation;
mod seen;
mod support;
mod tables;
mod trio;
mod watching;
