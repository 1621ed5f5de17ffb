use crate::commands::plan;
use crate::confirm::confirm;
use crate::context::Context;
use crate::error::CliError;
use steep_ipc::{Exit, NodeRemove, Request};
use steep_types::NodeId;

/// Arguments of `node remove`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The node.
    node: NodeId,
    /// Remove it although it cannot be reached, or has changes that no other node has yet.
    #[arg(long)]
    force: bool,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

pub(super) async fn run(args: Args, context: &mut Context) -> Result<Exit, CliError> {
    let Args { node, force, yes } = args;
    let question = format!("Take node {node} out of the group?");
    confirm(yes, "node remove", &question)?;
    let request = Request::NodeRemove(NodeRemove { node: node.to_string(), force });
    plan::carry_out(&request, false, context).await
}
