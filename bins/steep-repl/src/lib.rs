//! The steep-repl daemon: replicates one PostgreSQL database with its peers.
//!
//! `steep-repl run` is the daemon; the other commands install it as a service, start and stop it,
//! and ask it how it is. Operators' commands are in `steep-replctl`.
//!
//! Exit codes: 0 done, 1 the answer is no, 2 usage, 3 unreachable, 4 refused by state or
//! permission, 70 bug.

mod cli;
mod commands;
mod error;
mod platform;
mod run;
pub mod service;

use std::process::ExitCode;

use clap::Parser;
use steep_ipc::Exit;

use self::cli::Cli;

/// The program.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let exit = match commands::execute(cli) {
        Ok(exit) => exit,
        Err(error) => {
            error.show();
            error.exit()
        }
    };
    ExitCode::from(exit.code())
}

/// Written out, or given up on: nobody reads it.
fn say(text: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stdout(), "{text}");
}

fn exit_of(is_yes: bool) -> Exit {
    if is_yes { Exit::Done } else { Exit::No }
}
