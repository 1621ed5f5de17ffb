use super::grants;
use crate::context::Context;
use crate::error::CliError;
use steep_ipc::{Exit, RangeHistory, Request};
use steep_types::NodeId;

/// Arguments of `range history`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only of this table, as `schema.table`.
    #[arg(value_name = "TABLE")]
    table: Option<String>,
    /// Only ranges of this node.
    #[arg(long, value_name = "NODE")]
    node: Option<NodeId>,
    /// At most so many.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
}

pub(super) async fn run(args: Args, context: &mut Context) -> Result<Exit, CliError> {
    let Args { table, node, limit } = args;
    let node = node.map(|node| node.to_string());
    let request = Request::RangeHistory(RangeHistory { table, node, limit });
    grants::show(&request, "no ranges", context).await
}
