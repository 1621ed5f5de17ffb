use crate::context::{Context, answer_of};
use crate::error::CliError;
use crate::printer::{Cell, Printer, Table, Tone, clean, units};
use std::io;
use steep_ipc::{Exit, Request, Response, SubscriptionStatus};

pub(super) async fn run(context: &mut Context) -> Result<Exit, CliError> {
    let answer = context.ask(&Request::SubStatus).await?;
    let subscriptions = answer_of!(answer, "sub status", Response::Subscriptions(found) => found)?;
    context.printer.answer(&subscriptions, |found, printer| print(found, printer))?;
    Ok(Exit::Done)
}

fn print(subscriptions: &[SubscriptionStatus], printer: &mut Printer) -> io::Result<()> {
    let mut table = Table::new(["SUBSCRIPTION", "PEER", "STATE", "LAG", "RECEIVED", "ERRORS"]);
    for subscription in subscriptions {
        let errors = Cell::number(units::count(subscription.apply_errors));
        table.row([
            Cell::new(&subscription.name),
            Cell::new(&subscription.peer),
            apply_state(subscription),
            lag(subscription),
            Cell::maybe(subscription.received_lsn.as_ref()),
            if subscription.apply_errors > 0 { errors.tone(Tone::Look) } else { errors },
        ]);
    }
    printer.table(&table, "no subscriptions")?;
    print_errors(subscriptions.iter(), printer)
}

/// The errors that are still in the way of applying.
pub(in crate::commands) fn print_errors<'s>(
    subscriptions: impl Iterator<Item = &'s SubscriptionStatus>,
    printer: &mut Printer,
) -> io::Result<()> {
    for subscription in subscriptions {
        if let Some(error) = &subscription.last_error {
            let (peer, error) = (clean(&subscription.peer), clean(error));
            let mark = Tone::Bad.paint("error:");
            printer.line(format_args!("{mark} applying changes of {peer}: {error}"))?;
        }
    }
    Ok(())
}

pub(super) fn apply_state(subscription: &SubscriptionStatus) -> Cell {
    match (subscription.enabled, subscription.running) {
        _ if subscription.last_error.is_some() => Cell::new("failing").tone(Tone::Bad),
        (false, _) => Cell::new("disabled").tone(Tone::Look),
        (true, true) => Cell::new("applying").tone(Tone::Good),
        (true, false) => Cell::new("not running").tone(Tone::Bad),
    }
}

pub(super) fn lag(subscription: &SubscriptionStatus) -> Cell {
    match subscription.lag_seconds {
        Some(lag) => Cell::number(units::lag(lag)),
        None => Cell::maybe(None::<&str>),
    }
}
