//! Identity ranges of this node's tables.

mod allocate;
mod bypass;
mod expand;
mod grants;
mod history;
mod release;
mod status;

use crate::context::Context;
use crate::error::CliError;
use steep_ipc::Exit;

/// What is done with identity ranges.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Show how far the ids of this node's tables are.
    Status(status::Args),
    /// Get this node a further range of a table's ids. The daemon does so by itself when it is time.
    Allocate(allocate::Args),
    /// Get this node ranges until it has so many ids left, before an outage or an import.
    Expand(expand::Args),
    /// Give one of this node's ranges up for good. Its ids are given to nobody else.
    Release(release::Args),
    /// List the ranges that were granted, newest first.
    History(history::Args),
    /// Let sessions write any id, for an import.
    Bypass(bypass::Args),
}

pub(super) async fn run(command: Command, context: &mut Context) -> Result<Exit, CliError> {
    match command {
        Command::Status(args) => status::run(args, context).await,
        Command::Allocate(args) => allocate::run(args, context).await,
        Command::Expand(args) => expand::run(args, context).await,
        Command::Release(args) => release::run(args, context).await,
        Command::History(args) => history::run(args, context).await,
        Command::Bypass(args) => bypass::run(args, context).await,
    }
}
