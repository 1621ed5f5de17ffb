use super::grants;
use crate::context::Context;
use crate::error::CliError;
use steep_ipc::{Exit, RangeAllocate, Request};

/// Arguments of `range allocate`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The table, as `schema.table`.
    #[arg(value_name = "TABLE")]
    table: String,
    /// Ids; without it, as many as an ordinary range of the table has. A range ends with its block.
    #[arg(long, value_name = "IDS", value_parser = clap::value_parser!(u64).range(1..))]
    size: Option<u64>,
    /// Also from the last ids of the key's type, which are kept back, out of this node's own blocks.
    #[arg(long)]
    force: bool,
}

pub(super) async fn run(args: Args, context: &mut Context) -> Result<Exit, CliError> {
    let Args { table, size, force } = args;
    let request = Request::RangeAllocate(RangeAllocate { table, size, force });
    grants::show(&request, "no range", context).await
}
