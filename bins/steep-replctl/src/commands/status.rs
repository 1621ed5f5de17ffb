use super::health::print_checks;
use super::{node, sub};
use crate::context::{Context, answer_of};
use crate::error::CliError;
use crate::printer::{Printer, Tone, clean, level_tone, units};
use std::borrow::Cow;
use std::io;
use steep_ipc::{Check, Exit, Level, NodeState, NodeStatus, Request, Response};

/// Shows the node, its links, and what needs a look.
pub(crate) async fn run(context: &mut Context) -> Result<Exit, CliError> {
    let answer = context.ask(&Request::Status).await?;
    let status = answer_of!(answer, "status", Response::Status(status) => status)?;
    context.printer.answer(&status, print)?;
    Ok(Exit::Done)
}

pub(super) fn print(status: &NodeStatus, printer: &mut Printer) -> io::Result<()> {
    let (tone, word) = state(status);
    let (level, level_word) = level_tone(status.health.status);
    let name = status.node.as_deref().map_or(nameless(status).into(), clean);
    printer.line(format_args!(
        "{} is {}, health {}",
        Tone::Heading.paint(name),
        tone.paint(word),
        level.paint(level_word)
    ))?;
    printer.line(format_args!(
        "PostgreSQL {}, extension {}, daemon {}, up {}",
        version(status.postgres_version.as_deref(), status),
        version(status.extension_version.as_deref(), status),
        clean(&status.daemon_version),
        units::seconds(status.uptime_seconds)
    ))?;
    if is_unknown(status) {
        printer.line("what the database has is not known: PostgreSQL has not been seen yet")?;
    } else {
        print_counts(status, printer)?;
    }

    printer.heading("Links")?;
    printer.table(
        &sub::links(&status.peers),
        if is_unknown(status) { "unknown" } else { "no peers" },
    )?;
    let errors = status.peers.iter().filter_map(|peer| peer.incoming.as_ref());
    sub::print_errors(errors, printer)?;

    let look: Vec<Check> =
        status.health.checks.iter().filter(|check| check.level > Level::Ok).cloned().collect();
    if !look.is_empty() {
        printer.heading("Needs a look")?;
        print_checks(&look, printer)?;
    }
    if let Some(job) = &status.job {
        printer.heading("Job")?;
        node::status::print_job(job, printer)?;
    }
    Ok(())
}

fn print_counts(status: &NodeStatus, printer: &mut Printer) -> io::Result<()> {
    let pending = match status.pending_conflicts {
        0 => Tone::Plain.paint("no conflicts wait".to_owned()),
        1 => Tone::Look.paint("1 conflict waits for a decision".to_owned()),
        many => Tone::Look.paint(format!("{} conflicts wait for a decision", units::count(many))),
    };
    let tables = units::counted(status.replicated_tables, "table");
    printer.line(format_args!("{tables} replicated, {pending}"))
}

/// Whether the daemon has not seen its PostgreSQL since it started.
fn is_unknown(status: &NodeStatus) -> bool {
    status.state == NodeState::PostgresAway && status.known_at.is_none()
}

fn nameless(status: &NodeStatus) -> &'static str {
    if is_unknown(status) { "(unknown)" } else { "(no name yet)" }
}

/// The tone and the word of a state.
pub(super) fn state(status: &NodeStatus) -> (Tone, &'static str) {
    match status.state {
        NodeState::PostgresAway if is_unknown(status) => (Tone::Bad, "without PostgreSQL"),
        NodeState::PostgresAway => (Tone::Bad, "without PostgreSQL (last known state)"),
        NodeState::Uninitialized => (Tone::Look, "in no group yet"),
        NodeState::Joining => (Tone::Look, "joining"),
        NodeState::Online => (Tone::Good, "online"),
        NodeState::Paused => (Tone::Look, "paused"),
        NodeState::Leaving => (Tone::Look, "leaving"),
    }
}

fn version<'v>(version: Option<&'v str>, status: &NodeStatus) -> Cow<'v, str> {
    let none = if is_unknown(status) { "unknown" } else { "-" };
    version.map_or(none.into(), clean)
}
