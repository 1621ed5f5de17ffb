//! The command line from outside: whole outputs, for people and as JSON, against a scripted daemon
//! that speaks the real IPC.

mod answers;
mod away;
mod fake;
mod fixtures;
mod help;
mod local;
mod long;
mod program;
#[cfg(unix)]
mod terminal;
mod usage;
