use super::grants;
use crate::confirm::confirm;
use crate::context::Context;
use crate::error::CliError;
use steep_ipc::{Exit, Request};

/// Arguments of `range release`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The table, as `schema.table`.
    #[arg(value_name = "TABLE")]
    table: String,
    /// The first id of the range.
    #[arg(value_name = "FIRST")]
    start: i64,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

pub(super) async fn run(args: Args, context: &mut Context) -> Result<Exit, CliError> {
    let Args { table, start, yes } = args;
    let question =
        format!("Give up the ids of {table} from {start} on, so that nobody draws them?");
    confirm(yes, "range release", &question)?;
    grants::show(&Request::RangeRelease { table, start }, "no range", context).await
}
