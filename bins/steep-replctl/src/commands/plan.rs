//! What is to be done, or was done: the answer of commands that change the group.

use super::table::list::table_of;
use crate::context::{Context, answer_of};
use crate::error::CliError;
use crate::printer::{Printer, Tone, clean};
use std::io;
use steep_ipc::{Exit, Plan, Request, Response};

/// Sends a command whose answer is a plan, shows its progress and the plan.
pub(super) async fn carry_out(
    request: &Request,
    dry_run: bool,
    context: &mut Context,
) -> Result<Exit, CliError> {
    let plan = fetch(request, context).await?;
    context.printer.answer(&plan, print)?;
    Ok(exit(&plan, dry_run))
}

/// The plan that a command answers with.
pub(super) async fn fetch(request: &Request, context: &mut Context) -> Result<Plan, CliError> {
    let answer = context.command(request).await?;
    answer_of!(answer, "plan", Response::Plan(plan) => plan)
}

/// Asked what would be, the answer may be no; told to do it, it is refused.
pub(super) fn exit(plan: &Plan, dry_run: bool) -> Exit {
    match (plan.refusals.is_empty(), dry_run) {
        (true, _) => Exit::Done,
        (false, true) => Exit::No,
        (false, false) => Exit::Refused,
    }
}

pub(super) fn print(plan: &Plan, printer: &mut Printer) -> io::Result<()> {
    let mut parts: Vec<(&str, Tone, &[String])> = Vec::new();
    let heading = if plan.done { "Done" } else { "Plan" };
    parts.push((heading, Tone::Plain, &plan.steps));
    parts.push(("Warnings", Tone::Look, &plan.warnings));
    parts.push(("Refused", Tone::Bad, &plan.refusals));
    let mut first = true;
    for (heading, tone, lines) in parts.into_iter().filter(|(.., lines)| !lines.is_empty()) {
        if !std::mem::take(&mut first) {
            printer.line("")?;
        }
        printer.line(Tone::Heading.paint(heading))?;
        for (number, text) in lines.iter().enumerate() {
            let mark =
                if tone == Tone::Plain { format!("{:>3}.", number + 1) } else { "  -".into() };
            printer.line(format_args!("{mark} {}", tone.paint(clean(text))))?;
        }
    }
    if !plan.tables.is_empty() {
        printer.heading("Tables")?;
        printer.table(&table_of(&plan.tables), "")?;
    }
    if !plan.refusals.is_empty() {
        printer.line("\nNothing was done.")?;
    } else if plan.steps.is_empty() {
        printer.line("Nothing to do.")?;
    } else if !plan.done {
        printer.line("\nNothing was changed: this is what would be done.")?;
    }
    Ok(())
}
