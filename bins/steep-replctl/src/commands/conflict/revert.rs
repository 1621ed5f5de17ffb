use super::resolved::print_outcome;
use crate::context::Context;
use crate::error::CliError;
use steep_ipc::{Exit, Request};

/// Arguments of `conflict revert`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Its id on this node.
    id: i64,
    /// Why, for the audit log.
    #[arg(long)]
    reason: Option<String>,
    /// Say what would happen, change nothing.
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(args: Args, context: &mut Context) -> Result<Exit, CliError> {
    let Args { id, reason, dry_run } = args;
    let answer = context.ask(&Request::ConflictRevert { id, reason, dry_run }).await?;
    print_outcome(answer, "reverted", context)
}
