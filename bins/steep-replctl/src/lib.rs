//! The operator's command line of steep-repl.
//!
//! It asks the daemon of this machine over its local endpoint, and prints what it says: tables for
//! people, with `--json` the same as JSON. It decides nothing about nodes itself.
//!
//! * Answers go to standard output, everything else (progress, questions, `error:` and `hint:`) to
//!   standard error.
//! * Colour and redrawn lines are for terminals only; `NO_COLOR` is respected.
//! * What it ends with is [`steep_ipc::Exit`]: 0 done, 1 the answer is no, 2 usage, 3 unreachable,
//!   4 refused by state or permission, 70 a bug.

mod cli;
mod commands;
mod confirm;
mod context;
mod error;
mod printer;

pub use cli::command;

use clap::Parser;
use clap::error::ErrorKind;
use cli::Cli;
use context::Context;
use error::CliError;
use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;
use steep_ipc::Exit;

/// Does what the arguments say, the name of the program first.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<_> = arguments.into_iter().collect();
    let exit = std::panic::catch_unwind(|| run_quietly(arguments)).unwrap_or(Exit::Bug);
    ExitCode::from(exit.code())
}

fn run_quietly(arguments: Vec<OsString>) -> Exit {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Done,
                _ => Exit::Usage,
            };
        }
    };
    let mut context = Context::new(cli.global);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(commands::run(cli.command, &mut context)),
        Err(source) => Err(CliError::Runtime { source }),
    };
    outcome.unwrap_or_else(|error| report(&error))
}

fn report(error: &CliError) -> Exit {
    // Whoever reads our output has seen enough.
    if error.is_closed_pipe() {
        return Exit::Done;
    }
    let mut stderr = anstream::stderr().lock();
    let _ = printer::write_error(&mut stderr, &error.full_message(), error.hint().as_deref());
    let _ = stderr.flush();
    error.exit()
}
