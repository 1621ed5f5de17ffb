use crate::context::{Context, answer_of};
use crate::error::CliError;
use crate::printer::{Cell, Printer, Table, Tone, clean};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::io;
use steep_ipc::{ConflictDetail, Exit, Request, Response};

/// Arguments of `conflict show`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Its id on this node.
    id: i64,
}

pub(super) async fn run(args: Args, context: &mut Context) -> Result<Exit, CliError> {
    let answer = context.ask(&Request::ConflictShow { id: args.id }).await?;
    let conflict = answer_of!(answer, "conflict show", Response::Conflict(conflict) => conflict)?;
    context.printer.answer(&conflict, print)?;
    Ok(Exit::Done)
}

/// Columns of the log that are shown as lines, and how they are called.
const LINES: [(&str, &str); 7] = [
    ("subscription", "subscription"),
    ("pg_conflict", "PostgreSQL's name"),
    ("origin_xid", "transaction"),
    ("mixed", "has columns of both"),
    ("resolved_at", "decided at"),
    ("resolved_by", "decided by"),
    ("note", "note"),
];

fn print(conflict: &ConflictDetail, printer: &mut Printer) -> io::Result<()> {
    let entry = &conflict.entry;
    let title = format!("Conflict {}: {} on {}", entry.id, entry.conflict_type, entry.table);
    printer.line(Tone::Heading.paint(clean(&title)))?;
    let line = |printer: &mut Printer, name: &str, value: &str| {
        printer.line(format_args!("  {name:<20}{}", clean(value)))
    };
    line(printer, "key", &entry.key)?;
    line(printer, "found at", &entry.detected_at)?;
    line(printer, "strategy", &entry.strategy)?;
    line(printer, "outcome", &entry.resolution)?;
    let row: Map<String, Value> = serde_json::from_str(&conflict.row).unwrap_or_default();
    for (column, name) in LINES {
        match row.get(column) {
            None | Some(Value::Null | Value::Bool(false)) => {}
            Some(value) => line(printer, name, &text(value))?,
        }
    }
    printer.line("")?;
    printer.table(&both_rows(conflict, &row), "neither row is in the log")
}

/// Both rows, column by column; a mark where they differ.
fn both_rows(conflict: &ConflictDetail, row: &Map<String, Value>) -> Table {
    let side = |column: &str| row.get(column).and_then(Value::as_object);
    let (local, remote) = (side("local_tuple"), side("remote_tuple"));
    let columns: BTreeSet<&String> = local.into_iter().chain(remote).flat_map(Map::keys).collect();
    let mut table = Table::new(["", "COLUMN", "LOCAL", "REMOTE"]);
    if columns.is_empty() {
        return table;
    }
    let about = |column: &str| row.get(column).filter(|value| !value.is_null()).map(text);
    let facts = [
        ("(node)", conflict.entry.local_node.clone(), conflict.entry.remote_node.clone()),
        ("(committed)", about("local_xact_ts"), about("remote_xact_ts")),
    ];
    for (name, local, remote) in facts {
        table.row([Cell::new(" "), Cell::new(name), Cell::maybe(local), Cell::maybe(remote)]);
    }
    for column in columns {
        let value = |row: Option<&Map<String, Value>>| row.and_then(|row| row.get(column)).cloned();
        let (local, remote) = (value(local), value(remote));
        let differ = local != remote;
        let tone = if differ { Tone::Look } else { Tone::Plain };
        table.row([
            Cell::new(if differ { "*" } else { " " }),
            Cell::new(column),
            Cell::maybe(local.as_ref().map(text)).tone(tone),
            Cell::maybe(remote.as_ref().map(text)).tone(tone),
        ]);
    }
    table
}

/// A text as it is, everything else as JSON.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
