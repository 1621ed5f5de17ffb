use crate::context::{Context, answer_of};
use crate::error::CliError;
use crate::printer::{Cell, Printer, Table, Tone, units};
use std::io;
use steep_ipc::{Exit, Request, Response, SlotStatus};

pub(super) async fn run(context: &mut Context) -> Result<Exit, CliError> {
    let answer = context.ask(&Request::SlotStatus).await?;
    let slots = answer_of!(answer, "slot status", Response::Slots(slots) => slots)?;
    context.printer.answer(&slots, |slots, printer| print(slots, printer))?;
    Ok(Exit::Done)
}

fn print(slots: &[SlotStatus], printer: &mut Printer) -> io::Result<()> {
    let mut table = Table::new(["SLOT", "PEER", "ACTIVE", "KEPT WAL", "BEHIND", "WAL STATUS"]);
    for slot in slots {
        let active = if slot.active {
            Cell::new("yes").tone(Tone::Good)
        } else {
            Cell::new("no").tone(Tone::Look)
        };
        table.row([
            Cell::new(&slot.name),
            Cell::new(&slot.peer),
            active,
            retained(slot),
            Cell::number(units::bytes(slot.lag_bytes)),
            Cell::new(&slot.wal_status).tone(wal_tone(slot)),
        ]);
    }
    printer.table(&table, "no slots")
}

/// WAL that is kept for a slot.
pub(in crate::commands) fn retained(slot: &SlotStatus) -> Cell {
    Cell::number(units::bytes(slot.retained_bytes)).tone(wal_tone(slot))
}

/// `unreserved` may be lost at the next checkpoint, `lost` is.
fn wal_tone(slot: &SlotStatus) -> Tone {
    match slot.wal_status.as_str() {
        "lost" => Tone::Bad,
        "unreserved" => Tone::Look,
        _ => Tone::Plain,
    }
}
