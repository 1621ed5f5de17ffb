use super::filter::Filter;
use super::resolved::print_outcome;
use crate::confirm::{at_terminal, confirm};
use crate::context::{Context, answer_of};
use crate::error::CliError;
use crate::printer::units;
use steep_ipc::{ConflictFilter, ConflictResolveBulk, Exit, Request, Response};

/// Arguments of `conflict resolve-bulk`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    choice: Choice,
    #[command(flatten)]
    filter: Filter,
    /// Why, for the audit log.
    #[arg(long)]
    reason: Option<String>,
    /// Say how many, change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

/// Which rows stay.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Choice {
    /// The rows of this node stay.
    #[arg(long)]
    local: bool,
    /// The rows of the other nodes stay.
    #[arg(long)]
    remote: bool,
}

pub(super) async fn run(args: Args, context: &mut Context) -> Result<Exit, CliError> {
    let Args { choice, filter, reason, dry_run, yes } = args;
    let Filter { table, xid, since, until } = filter;
    if table.is_none() && xid.is_none() && since.is_none() && until.is_none() {
        return Err(CliError::Usage {
            message: "which conflicts is not said".into(),
            hint: Some("give at least one of --table, --xid, --since and --until"),
        });
    }
    let side = if choice.local { "local" } else { "remote" };
    let request = |dry_run| {
        let filter = ConflictFilter {
            state: Some("pending".into()),
            table: table.clone(),
            origin_xid: xid,
            since: since.clone(),
            until: until.clone(),
            limit: 1000,
            ..ConflictFilter::default()
        };
        let choice = side.into();
        let reason = reason.clone();
        Request::ConflictResolveBulk(ConflictResolveBulk { choice, filter, reason, dry_run })
    };
    if !dry_run {
        let mut question = format!("Let the {side} rows stay?");
        if !yes && at_terminal() {
            let answer = context.ask(&request(true)).await?;
            let count = answer_of!(answer, "conflict resolve-bulk", Response::Resolved { count, .. } => count)?;
            question =
                format!("Decide {}: the {side} rows stay?", units::counted(count, "conflict"));
        }
        confirm(yes, "conflict resolve-bulk", &question)?;
    }
    let answer = context.command(&request(dry_run)).await?;
    print_outcome(answer, "decided", context)
}
