use super::plan;
use crate::confirm::{at_terminal, confirm};
use crate::context::Context;
use crate::error::CliError;
use steep_ipc::{Exit, Init, Request};

/// Arguments of `init`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// Replicate the tables that match, `schema.table` with `*` and `?`; may be given several times.
    /// Without it, what the configuration includes, else all that can be.
    #[arg(long, value_name = "PATTERN")]
    include: Vec<String>,
    /// Leave out the tables that match; wins over --include. Without it, what the configuration
    /// excludes.
    #[arg(long, value_name = "PATTERN")]
    exclude: Vec<String>,
    /// Show the plan, change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Do not show the plan and ask first.
    #[arg(long)]
    yes: bool,
}

/// Makes the database the first node. At a terminal the plan is shown first.
pub(crate) async fn run(args: Args, context: &mut Context) -> Result<Exit, CliError> {
    let request = |dry_run| {
        let Args { include, exclude, .. } = args.clone();
        Request::Init(Init { include, exclude, dry_run })
    };
    if args.dry_run || args.yes || !at_terminal() {
        return plan::carry_out(&request(args.dry_run), args.dry_run, context).await;
    }
    let planned = plan::fetch(&request(true), context).await?;
    if !planned.refusals.is_empty() {
        context.printer.answer(&planned, plan::print)?;
        return Ok(plan::exit(&planned, false));
    }
    plan::print(&planned, &mut context.printer)?;
    context.printer.flush()?;
    confirm(false, "init", "Carry it out?")?;
    plan::carry_out(&request(false), false, context).await
}
