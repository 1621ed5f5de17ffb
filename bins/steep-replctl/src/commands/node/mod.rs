//! Nodes of the group.

mod add;
mod list;
mod remove;
pub(super) mod status;

use super::tell;
use crate::context::Context;
use crate::error::CliError;
use steep_ipc::{Exit, Request};

/// What is done with nodes.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Let the database of another daemon join the group of this one.
    Add(add::Args),
    /// Take a node out of the group, on all nodes that can be reached.
    Remove(remove::Args),
    /// Show the links to peers, and the job that runs.
    Status(status::Args),
    /// List the nodes of the group.
    List,
    /// Stop applying the changes of all peers on this node.
    Pause,
    /// Apply the changes of peers again.
    Resume,
    /// Stop the running job of this node, and undo what it has done.
    Cancel,
}

pub(super) async fn run(command: Command, context: &mut Context) -> Result<Exit, CliError> {
    match command {
        Command::Add(args) => add::run(args, context).await,
        Command::Remove(args) => remove::run(args, context).await,
        Command::Status(args) => status::run(args, context).await,
        Command::List => list::run(context).await,
        Command::Pause => tell(&Request::Pause, context).await,
        Command::Resume => tell(&Request::Resume, context).await,
        Command::Cancel => tell(&Request::JobCancel, context).await,
    }
}
