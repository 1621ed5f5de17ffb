//! Subscriptions of this node to its peers.

mod links;
mod status;

pub(super) use links::links;
pub(super) use status::print_errors;

use super::tell;
use crate::context::Context;
use crate::error::CliError;
use steep_ipc::{Exit, Request};
use steep_types::NodeId;

/// What is done with subscriptions.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Show the subscriptions.
    Status,
    /// Apply the changes of a peer again.
    Enable(Peer),
    /// Apply no changes of a peer. It keeps them for this node, which fills its disk.
    Disable(Peer),
}

/// A peer.
#[derive(Debug, clap::Args)]
pub(crate) struct Peer {
    /// The peer whose changes they are.
    peer: NodeId,
}

pub(super) async fn run(command: Command, context: &mut Context) -> Result<Exit, CliError> {
    match command {
        Command::Status => status::run(context).await,
        Command::Enable(Peer { peer }) => {
            tell(&Request::SubEnable { peer: peer.to_string() }, context).await
        }
        Command::Disable(Peer { peer }) => {
            tell(&Request::SubDisable { peer: peer.to_string() }, context).await
        }
    }
}
