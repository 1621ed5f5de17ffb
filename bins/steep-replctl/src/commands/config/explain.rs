use crate::context::Context;
use crate::error::CliError;
use crate::printer::{Cell, Printer, Table, Tone};
use serde::Serialize;
use std::io;
use std::path::Path;
use steep_config::{Setting, explain, without_effect};
use steep_ipc::Exit;

/// Arguments of `config explain`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only values that somebody set.
    #[arg(long)]
    set: bool,
}

#[derive(Debug, Serialize)]
struct Explained<'a> {
    file: Option<&'a Path>,
    settings: Vec<&'a Setting>,
    without_effect: Vec<&'a str>,
}

pub(super) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    let loaded = context.configuration()?;
    let wanted = |setting: &&Setting| !args.set || !setting.origin.is_default();
    let explained = Explained {
        file: loaded.file.as_deref(),
        settings: explain(&loaded).iter().filter(wanted).collect(),
        without_effect: without_effect(&loaded).iter().map(|setting| &*setting.key).collect(),
    };
    context.printer.answer(&explained, print)?;
    Ok(Exit::Done)
}

fn print(explained: &Explained<'_>, printer: &mut Printer) -> io::Result<()> {
    match explained.file {
        Some(path) => printer.line(format_args!("file: {}\n", path.display()))?,
        None => printer.line("file: none\n")?,
    }
    let mut table = Table::new(["KEY", "VALUE", "FROM"]);
    for setting in &explained.settings {
        let from = match &setting.origin {
            steep_config::Origin::File(_) => "file".into(),
            other => other.to_string(),
        };
        let tone = if setting.origin.is_default() { Tone::Faint } else { Tone::Plain };
        table.row([
            Cell::new(&setting.key),
            Cell::maybe(setting.value.as_ref()),
            Cell::new(from).tone(tone),
        ]);
    }
    printer.table(&table, "nothing is set")?;
    if !explained.without_effect.is_empty() {
        printer.heading("Without effect in this version")?;
        for key in &explained.without_effect {
            printer.line(format_args!("  {}", Tone::Look.paint(key)))?;
        }
    }
    Ok(())
}
