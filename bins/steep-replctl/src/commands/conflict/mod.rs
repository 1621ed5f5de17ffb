//! Conflicting writes.

mod filter;
mod list;
mod resolve;
mod resolve_bulk;
mod resolved;
mod revert;
mod show;

use crate::context::Context;
use crate::error::CliError;
use steep_ipc::Exit;

/// What is done with conflicts.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List conflicts, newest first.
    List(list::Args),
    /// Show a conflict: both rows, column by column.
    Show(show::Args),
    /// Decide a conflict that waits.
    Resolve(resolve::Args),
    /// Decide all waiting conflicts of a table, a transaction or a time.
    ResolveBulk(resolve_bulk::Args),
    /// Take a decision back.
    Revert(revert::Args),
}

pub(super) async fn run(command: Command, context: &mut Context) -> Result<Exit, CliError> {
    match command {
        Command::List(args) => list::run(args, context).await,
        Command::Show(args) => show::run(args, context).await,
        Command::Resolve(args) => resolve::run(args, context).await,
        Command::ResolveBulk(args) => resolve_bulk::run(args, context).await,
        Command::Revert(args) => revert::run(args, context).await,
    }
}
