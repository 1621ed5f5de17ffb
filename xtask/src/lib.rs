//! The project's own commands, behind `cargo xtask`.
//!
//! | command | what it does |
//! |---|---|
//! | `pg` | provides PostgreSQL 16, 17 and 18 with headers |
//! | `ext` | builds the extension and installs it into them |
//! | `test`, `ci` | prerequisites, checks, and every test |
//! | `demo` | shows two nodes at work, and a third that joins |
//! | `cluster` | starts, stops and describes clusters to try things on |
//! | `bench` | measures what the guard costs |
//! | `torture` | random writes and accidents on groups of nodes |
//! | `sim` | elections in simulated groups, seed by seed |
//! | `codegen` | writes the Rust code of `crates/steep-proto` from its `.proto` file |
//! | `windows` | builds the programs for Windows and tries them under Wine |
//! | `fuzz-smoke` | lets libFuzzer look for bytes that the project cannot read |
//! | `tidy` | checks what no compiler checks: arrows, sizes, released scripts |
//!
//! Only [`tidy`] is an interface: `tests/tidy.rs` runs it as an ordinary test.

mod bench;
mod cache;
mod cluster;
mod codegen;
mod command;
mod daemons;
mod demo;
mod ext;
mod fuzz;
mod pg;
mod platform;
mod prerequisites;
mod process;
mod project;
mod say;
mod sim;
mod test;
pub mod tidy;
mod torture;
mod windows;

use std::process::ExitCode;

use clap::Parser as _;

/// Runs the command that the program's arguments name.
#[must_use]
pub fn main() -> ExitCode {
    match command::Xtask::parse().run() {
        Ok(code) => code,
        Err(error) => {
            say::error(&error);
            ExitCode::FAILURE
        }
    }
}
