use super::grants;
use crate::context::Context;
use crate::error::CliError;
use steep_ipc::{Exit, Request};

/// Arguments of `range expand`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The table, as `schema.table`.
    #[arg(value_name = "TABLE")]
    table: String,
    /// Ids that this node is to have left then.
    #[arg(long, value_name = "IDS", value_parser = clap::value_parser!(u64).range(1..))]
    ids: u64,
}

pub(super) async fn run(args: Args, context: &mut Context) -> Result<Exit, CliError> {
    let Args { table, ids } = args;
    let empty = "this node has as many already";
    grants::show(&Request::RangeExpand { table, ids }, empty, context).await
}
