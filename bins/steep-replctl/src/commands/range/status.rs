use crate::context::{Context, answer_of};
use crate::error::CliError;
use crate::printer::{Cell, Printer, Table, Tone, clean, units};
use std::collections::BTreeMap;
use std::io;
use steep_ipc::{Exit, RangeStatus, RangesStatus, Request, Response};

/// Arguments of `range status`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only this table, as `schema.table`.
    #[arg(value_name = "TABLE")]
    table: Option<String>,
}

pub(super) async fn run(args: Args, context: &mut Context) -> Result<Exit, CliError> {
    let answer = context.ask(&Request::RangeStatus).await?;
    let mut status = answer_of!(answer, "range status", Response::Ranges(status) => status)?;
    if let Some(wanted) = &args.table {
        let qualified =
            if wanted.contains('.') { wanted.clone() } else { format!("public.{wanted}") };
        status.tables.retain(|table| table.table == qualified);
        if status.tables.is_empty() {
            return Err(CliError::Usage {
                message: format!("table {wanted} has no identity ranges on this node"),
                hint: Some(
                    "`steep-replctl table list` says of each table how its ids are kept apart",
                ),
            });
        }
    }
    context.printer.answer(&status, print)?;
    Ok(Exit::Done)
}

fn print(status: &RangesStatus, printer: &mut Printer) -> io::Result<()> {
    let mut table = Table::new([
        "TABLE",
        "STATE",
        "LAST ID",
        "RANGE",
        "USED",
        "LEFT",
        "IN RESERVE",
        "PER SECOND",
        "LASTS",
    ]);
    for one in &status.tables {
        let tone = tone(one);
        table.row([
            Cell::new(&one.table),
            Cell::new(&one.state).tone(tone),
            one.current_id.map_or_else(none, Cell::number),
            one.range.map_or_else(none, |(first, last)| Cell::new(format!("{first}-{last}"))),
            Cell::number(format!("{} %", one.percent_used)).tone(tone),
            Cell::number(units::count(one.ids_left)),
            Cell::number(units::count(one.reserve)),
            one.ids_per_second.map_or_else(none, |rate| Cell::number(format!("{rate:.1}"))),
            one.lasts_seconds.map_or_else(none, |seconds| Cell::number(units::seconds(seconds))),
        ]);
    }
    printer.table(&table, "no table draws its ids from identity ranges")?;
    for one in &status.tables {
        notes(one, printer)?;
    }
    for whose in &status.bypasses {
        let whose = clean(whose);
        printer.line(format_args!("{} {whose} write any id", Tone::Look.paint("bypass:")))?;
    }
    nodes(status, printer)
}

fn notes(one: &RangeStatus, printer: &mut Printer) -> io::Result<()> {
    let table = clean(&one.table);
    if let Some(trouble) = &one.trouble {
        let trouble = clean(trouble);
        let mark = Tone::Bad.paint("error:");
        printer.line(format_args!("{mark} {table}: no further range: {trouble}"))?;
    }
    if !one.waits_for.is_empty() {
        let nodes = one.waits_for.join(", ");
        let mark = Tone::Look.paint("restored:");
        printer.line(format_args!("{mark} {table}: not heard yet from {}", clean(&nodes)))?;
    }
    Ok(())
}

/// Which node draws which ids, and what is left for all.
fn nodes(status: &RangesStatus, printer: &mut Printer) -> io::Result<()> {
    let mut table = Table::new(["TABLE", "NODE", "DRAWS FROM", "LEFT FOR ALL NODES", "LASTS"]);
    for one in &status.tables {
        let mut by_node: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for held in &one.held {
            by_node.entry(&held.node).or_default().push(format!("{}-{}", held.first, held.last));
        }
        let mut left = one.table_ids_left.map(units::count);
        let mut lasts = one.table_lasts_seconds.map(units::seconds);
        for (node, ranges) in by_node {
            table.row([
                Cell::new(&one.table),
                Cell::new(node),
                Cell::new(some_of(&ranges)),
                left.take().map_or_else(|| Cell::new(""), Cell::number),
                lasts.take().map_or_else(|| Cell::new(""), Cell::number),
            ]);
        }
    }
    if table.is_empty() {
        return Ok(());
    }
    printer.heading("Nodes")?;
    printer.table(&table, "")
}

fn some_of(ranges: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown = ranges.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match ranges.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn tone(one: &RangeStatus) -> Tone {
    match one.state.as_str() {
        "ok" => Tone::Good,
        "warning" => Tone::Look,
        _ => Tone::Bad,
    }
}

fn none() -> Cell {
    Cell::maybe(None::<&str>)
}
