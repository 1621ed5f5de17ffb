use super::status;
use crate::context::{Context, answer_of};
use crate::error::CliError;
use crate::printer::{Screen, Tone, clean};
use serde::Serialize;
use std::time::Duration;
use steep_ipc::{Exit, NodeStatus, Request, Response};
use steep_ipc_tokio::Client;
use tokio::time::MissedTickBehavior;

/// Arguments of `watch`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Time from one look to the next.
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = interval)]
    interval: Duration,
    /// End after so many looks.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
}

/// Between these a person can follow, and the daemon is not kept busy.
fn interval(text: &str) -> Result<Duration, String> {
    let interval = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    let allowed = Duration::from_millis(100)..=Duration::from_secs(3600);
    if allowed.contains(&interval) { Ok(interval) } else { Err("expected 100ms to 1h".into()) }
}

/// A look that failed, as JSON.
#[derive(Debug, Serialize)]
struct Trouble<'a> {
    error: &'a str,
    hint: Option<&'a str>,
}

/// Shows the status again and again. A daemon that goes away is waited for.
pub(crate) async fn run(args: Args, context: &mut Context) -> Result<Exit, CliError> {
    // Whoever mistypes the socket learns it at once.
    let mut client = Some(context.connect().await?);
    let mut ticks = tokio::time::interval(args.interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut screen = Screen::new(context.printer.is_json());
    let mut looks = 0;
    // One for all looks, so that none is missed between them.
    let mut stop = std::pin::pin!(tokio::signal::ctrl_c());
    loop {
        let look = async {
            ticks.tick().await;
            look(&mut client, context).await
        };
        let outcome = tokio::select! {
            biased;
            _ = &mut stop => return Ok(Exit::Done),
            outcome = look => outcome,
        };
        if outcome.is_err() {
            client = None;
        }
        show(&mut screen, outcome, context)?;
        looks += 1;
        if args.count.is_some_and(|count| looks >= count) {
            return Ok(Exit::Done);
        }
    }
}

async fn look(client: &mut Option<Client>, context: &Context) -> Result<NodeStatus, CliError> {
    let client = match client {
        Some(client) => client,
        None => client.insert(context.connect().await?),
    };
    let answer = client.call(&Request::Status).await?;
    answer_of!(answer, "status", Response::Status(status) => status)
}

fn show(
    screen: &mut Screen,
    outcome: Result<NodeStatus, CliError>,
    context: &mut Context,
) -> Result<(), CliError> {
    let printer = &mut context.printer;
    if printer.is_json() {
        match &outcome {
            Ok(status) => printer.json_line(status)?,
            Err(error) => {
                let (message, hint) = (error.full_message(), error.hint());
                printer.json_line(&Trouble { error: &message, hint: hint.as_deref() })?;
            }
        }
        return Ok(());
    }
    screen.draw(printer, |printer| match &outcome {
        Ok(status) => {
            status::print(status, printer)?;
            let at = clean(&status.health.checked_at);
            printer.line(format_args!("\n{}", Tone::Faint.paint(format!("{at}, Ctrl-C ends"))))
        }
        Err(error) => {
            let message = error.full_message();
            printer.line(format_args!("{} {}", Tone::Bad.paint("no answer:"), clean(&message)))?;
            match error.hint() {
                Some(hint) => {
                    printer.line(format_args!("{} {}", Tone::Good.paint("hint:"), clean(&hint)))
                }
                None => Ok(()),
            }
        }
    })?;
    Ok(())
}
