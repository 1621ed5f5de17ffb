//! Tables of the database.

mod add;
pub(super) mod list;
mod remove;

use crate::context::Context;
use crate::error::CliError;
use steep_ipc::Exit;

/// What is done with tables.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Replicate tables, on all nodes.
    Add(add::Args),
    /// Replicate tables no longer, on all nodes. Their rows stay.
    Remove(remove::Args),
    /// List the tables: replicated, or why not.
    List(list::Args),
}

pub(super) async fn run(command: Command, context: &mut Context) -> Result<Exit, CliError> {
    match command {
        Command::Add(args) => add::run(args, context).await,
        Command::Remove(args) => remove::run(args, context).await,
        Command::List(args) => list::run(args, context).await,
    }
}
