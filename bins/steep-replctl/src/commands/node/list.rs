use crate::context::{Context, answer_of};
use crate::error::CliError;
use crate::printer::{Cell, Printer, Table, Tone, clean};
use std::io;
use steep_ipc::{Exit, NodeEntry, Request, Response};

pub(super) async fn run(context: &mut Context) -> Result<Exit, CliError> {
    let answer = context.ask(&Request::NodeList).await?;
    let nodes = answer_of!(answer, "node list", Response::Nodes(nodes) => nodes)?;
    context.printer.answer(&nodes, |nodes, printer| print(nodes, printer))?;
    Ok(Exit::Done)
}

fn print(nodes: &[NodeEntry], printer: &mut Printer) -> io::Result<()> {
    let mut table =
        Table::new(["NODE", "NAME", "STATUS", "PRIORITY", "POSTGRESQL", "DAEMON", "LAST SEEN"]);
    for node in nodes {
        let last_seen = match (&node.last_seen, node.is_local) {
            (_, true) => Cell::new("this node").tone(Tone::Faint),
            (seen, false) => Cell::maybe(seen.as_ref()),
        };
        table.row([
            Cell::new(&node.node),
            Cell::new(&node.name),
            Cell::new(&node.status),
            Cell::number(node.priority),
            Cell::new(&node.postgres),
            Cell::maybe(node.grpc.as_ref()),
            last_seen,
        ]);
    }
    printer.table(&table, "no nodes: `steep-replctl init` makes the first one")?;
    for text in nodes.iter().filter_map(|node| node.attention.as_ref()) {
        printer.line(format_args!("{} {}", Tone::Look.paint("warning:"), clean(text)))?;
    }
    Ok(())
}
