use super::filter::Filter;
use crate::context::{Context, answer_of};
use crate::error::CliError;
use crate::printer::{Cell, Printer, Table, Tone};
use std::io;
use steep_ipc::{ConflictEntry, ConflictFilter, Exit, Request, Response};

/// Arguments of `conflict list`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only those that wait for a decision, or only those that have one.
    #[arg(long, value_parser = ["pending", "resolved"])]
    state: Option<String>,
    #[command(flatten)]
    filter: Filter,
    /// Only of this type.
    #[arg(
        long = "type",
        value_name = "TYPE",
        ignore_case = true,
        value_parser = ["INSERT-INSERT", "UPDATE-UPDATE", "UPDATE-DELETE", "INSERT-DELETE", "UNIQUE-KEY"]
    )]
    conflict_type: Option<String>,
    /// Only ids below this one: the last id of the page before.
    #[arg(long, value_name = "ID")]
    before_id: Option<i64>,
    /// At most so many.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
}

pub(super) async fn run(args: Args, context: &mut Context) -> Result<Exit, CliError> {
    let Filter { table, xid, since, until } = args.filter;
    let filter = ConflictFilter {
        state: args.state,
        table,
        conflict_type: args.conflict_type.map(|name| name.to_ascii_uppercase()),
        origin_xid: xid,
        since,
        until,
        before_id: args.before_id,
        limit: args.limit,
    };
    let answer = context.ask(&Request::ConflictList(filter)).await?;
    let conflicts = answer_of!(answer, "conflict list", Response::Conflicts(found) => found)?;
    context.printer.answer(&conflicts, |conflicts, printer| print(conflicts, printer))?;
    let is_full = conflicts.len() == usize::from(args.limit);
    if let Some(last) = conflicts.last().filter(|_| is_full && !context.printer.is_json()) {
        let mark = Tone::Good.paint("hint:");
        context.printer.line(format_args!("{mark} older ones: --before-id {}", last.id))?;
        context.printer.flush()?;
    }
    Ok(Exit::Done)
}

fn print(conflicts: &[ConflictEntry], printer: &mut Printer) -> io::Result<()> {
    let mut table = Table::new([
        "ID", "FOUND", "TABLE", "TYPE", "KEY", "LOCAL", "REMOTE", "STRATEGY", "OUTCOME",
    ]);
    for conflict in conflicts {
        table.row([
            Cell::number(conflict.id),
            Cell::new(&conflict.detected_at),
            Cell::new(&conflict.table),
            Cell::new(&conflict.conflict_type),
            Cell::new(&conflict.key),
            Cell::maybe(conflict.local_node.as_ref()),
            Cell::maybe(conflict.remote_node.as_ref()),
            Cell::new(&conflict.strategy),
            outcome(&conflict.resolution),
        ]);
    }
    printer.table(&table, "no conflicts")
}

/// What became of a conflict.
pub(super) fn outcome(resolution: &str) -> Cell {
    let tone = if resolution == "PENDING" { Tone::Look } else { Tone::Plain };
    Cell::new(resolution).tone(tone)
}
