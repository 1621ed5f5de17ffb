use crate::context::{Context, answer_of};
use crate::error::CliError;
use crate::printer::{Cell, Table, Tone, units};
use steep_ipc::{Exit, Request, Response, TableEntry};

/// Arguments of `table list`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only tables of this class.
    #[arg(long, value_parser = ["replicated", "replicable", "excluded", "not_replicable"])]
    class: Option<String>,
}

pub(super) async fn run(args: Args, context: &mut Context) -> Result<Exit, CliError> {
    let answer = context.ask(&Request::TableList).await?;
    let mut tables = answer_of!(answer, "table list", Response::Tables(tables) => tables)?;
    tables.retain(|table| args.class.as_ref().is_none_or(|class| *class == table.class));
    context
        .printer
        .answer(&tables, |tables, printer| printer.table(&table_of(tables), "no tables"))?;
    Ok(Exit::Done)
}

/// The tables as a table.
pub(in crate::commands) fn table_of(tables: &[TableEntry]) -> Table {
    let mut table =
        Table::new(["TABLE", "CLASS", "STRATEGY", "DETECTION", "IDS", "ROWS", "SIZE", "REASON"]);
    for entry in tables {
        let tone = match entry.class.as_str() {
            "replicated" => Tone::Good,
            "not_replicable" => Tone::Look,
            _ => Tone::Plain,
        };
        // Statistics that were never gathered say -1.
        let number = |number: i64, show: fn(u64) -> String| {
            u64::try_from(number).map_or(Cell::number("?"), |number| Cell::number(show(number)))
        };
        table.row([
            Cell::new(&entry.table),
            Cell::new(&entry.class).tone(tone),
            Cell::maybe(entry.strategy.as_ref()),
            Cell::maybe(entry.detection.as_ref()),
            Cell::maybe(entry.ids.as_deref().map(how)),
            number(entry.estimated_rows, units::count),
            number(entry.bytes, units::bytes),
            Cell::new(entry.reason.as_ref().or(why(entry)).map_or("", String::as_str)),
        ]);
    }
    table
}

/// How the keys that are generated on different nodes are kept apart, for people.
fn how(ids: &str) -> &str {
    match ids {
        "managed" => "ranges",
        "manageable" => "could be ranges",
        "inherits" => "by its parent",
        _ => "conflicts only",
    }
}

/// Why the keys of a table are not kept apart, if somebody may wonder.
fn why(entry: &TableEntry) -> Option<&String> {
    entry.ids_reason.as_ref().filter(|_| entry.ids.as_deref() != Some("managed"))
}
