use crate::context::{Context, answer_of};
use crate::error::CliError;
use crate::printer::{clean, units};
use serde::Serialize;
use steep_ipc::{Exit, Response};

/// What was, or would be, decided; the fields are those of [`Response::Resolved`].
#[derive(Debug, Serialize)]
struct Resolved {
    count: u64,
    dry_run: bool,
    steps: Vec<String>,
}

/// Shows what was done to how many conflicts.
pub(super) fn print_outcome(
    answer: Response,
    verb: &str,
    context: &mut Context,
) -> Result<Exit, CliError> {
    let resolved = answer_of!(answer, "conflict resolve", Response::Resolved { count, dry_run, steps } =>
        Resolved { count, dry_run, steps })?;
    context.printer.answer(&resolved, |resolved, printer| {
        for step in &resolved.steps {
            printer.line(format_args!("  - {}", clean(step)))?;
        }
        let would = if resolved.dry_run { " would be" } else { "" };
        let conflicts = units::counted(resolved.count, "conflict");
        printer.line(format_args!("{conflicts}{would} {verb}"))
    })?;
    Ok(Exit::Done)
}
