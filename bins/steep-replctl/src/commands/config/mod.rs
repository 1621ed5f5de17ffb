//! The configuration.

mod explain;

use crate::context::Context;
use crate::error::CliError;
use steep_ipc::Exit;

/// What is done with the configuration.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Show every value and where it comes from.
    Explain(explain::Args),
}

pub(super) fn run(command: Command, context: &mut Context) -> Result<Exit, CliError> {
    match command {
        Command::Explain(args) => explain::run(&args, context),
    }
}
