//! Slots that peers hold on this node.

mod status;

pub(super) use status::retained;

use crate::context::Context;
use crate::error::CliError;
use steep_ipc::Exit;

/// What is done with slots.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Show the slots, and how much WAL is kept for them.
    Status,
}

pub(super) async fn run(command: Command, context: &mut Context) -> Result<Exit, CliError> {
    match command {
        Command::Status => status::run(context).await,
    }
}
