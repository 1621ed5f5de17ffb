use crate::context::{Context, answer_of};
use crate::error::CliError;
use crate::printer::{Cell, Table, Tone, units};
use steep_ipc::{Exit, RangeGrant, Request, Response};

/// Sends a command whose answer are ranges, and shows them; `empty` if there are none.
pub(super) async fn show(
    request: &Request,
    empty: &str,
    context: &mut Context,
) -> Result<Exit, CliError> {
    let answer = context.command(request).await?;
    let grants = answer_of!(answer, "range", Response::RangeGrants(grants) => grants)?;
    context.printer.answer(&grants, |grants, printer| printer.table(&table_of(grants), empty))?;
    Ok(Exit::Done)
}

fn table_of(grants: &[RangeGrant]) -> Table {
    let mut table = Table::new(["TABLE", "NODE", "IDS", "SIZE", "STATUS", "GRANTED BY", "AT"]);
    for grant in grants {
        let tone = match grant.status.as_str() {
            "active" => Tone::Good,
            "granted" => Tone::Plain,
            _ => Tone::Faint,
        };
        table.row([
            Cell::new(&grant.table),
            Cell::new(&grant.node),
            Cell::new(format!("{}-{}", grant.first, grant.last)),
            Cell::number(units::count(grant.last.abs_diff(grant.first).saturating_add(1))),
            Cell::new(&grant.status).tone(tone),
            Cell::new(&grant.granter),
            Cell::new(&grant.granted_at),
        ]);
    }
    table
}
