use crate::context::{Context, answer_of};
use crate::error::CliError;
use crate::printer::{Cell, Printer, Table, Tone, clean, level_tone};
use std::io;
use steep_ipc::{Check, Exit, Health, Level, Request, Response};

/// Shows every check. The answer is no if one is critical.
pub(crate) async fn run(context: &mut Context) -> Result<Exit, CliError> {
    let answer = context.ask(&Request::Health).await?;
    let health = answer_of!(answer, "health", Response::Health(health) => health)?;
    context.printer.answer(&health, print)?;
    Ok(if health.status == Level::Critical { Exit::No } else { Exit::Done })
}

fn print(health: &Health, printer: &mut Printer) -> io::Result<()> {
    let (tone, word) = level_tone(health.status);
    let node = health.node.as_deref().map_or("this node".into(), clean);
    printer.line(format_args!(
        "{node} is {} at {}",
        tone.paint(word),
        clean(&health.checked_at)
    ))?;
    printer.line("")?;
    print_checks(&health.checks, printer)
}

/// The checks as a table, and the ways out below it.
pub(super) fn print_checks(checks: &[Check], printer: &mut Printer) -> io::Result<()> {
    let mut table = Table::new(["LEVEL", "CHECK", "MESSAGE"]);
    for check in checks {
        let (tone, word) = level_tone(check.level);
        table.row([Cell::new(word).tone(tone), Cell::new(&check.name), Cell::new(&check.message)]);
    }
    printer.table(&table, "no checks")?;
    for check in checks {
        if let Some(hint) = &check.hint {
            let (name, hint) = (clean(&check.name), clean(hint));
            printer.line(format_args!("{} {name}: {hint}", Tone::Good.paint("hint:")))?;
        }
    }
    Ok(())
}
