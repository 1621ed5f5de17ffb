use crate::commands::plan;
use crate::confirm::confirm;
use crate::context::Context;
use crate::error::CliError;
use steep_ipc::{Exit, Request};

/// Arguments of `table remove`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Tables as `schema.table`, or patterns with `*` and `?`.
    #[arg(required = true, value_name = "TABLE")]
    tables: Vec<String>,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

pub(super) async fn run(args: Args, context: &mut Context) -> Result<Exit, CliError> {
    let Args { tables, yes } = args;
    let question = format!("Stop replicating {} on all nodes?", tables.join(", "));
    confirm(yes, "table remove", &question)?;
    plan::carry_out(&Request::TableRemove { tables }, false, context).await
}
