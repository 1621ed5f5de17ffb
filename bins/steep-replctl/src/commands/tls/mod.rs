//! Certificates for the daemons.

mod init;

use crate::context::Context;
use crate::error::CliError;
use steep_ipc::Exit;

/// What is done with certificates.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Make the group's authority, if there is none yet, and a certificate for each node.
    Init(init::Args),
}

pub(super) fn run(command: Command, context: &mut Context) -> Result<Exit, CliError> {
    match command {
        Command::Init(args) => init::run(args, context),
    }
}
