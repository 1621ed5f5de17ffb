use super::resolved::print_outcome;
use crate::context::Context;
use crate::error::CliError;
use std::fs;
use std::path::PathBuf;
use steep_ipc::{ConflictResolve, Exit, Request};

/// Arguments of `conflict resolve`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Its id on this node.
    id: i64,
    #[command(flatten)]
    choice: Choice,
    /// Why, for the audit log.
    #[arg(long)]
    reason: Option<String>,
    /// Decide although the row has changed since.
    #[arg(long)]
    force: bool,
    /// Say what would happen, change nothing.
    #[arg(long)]
    dry_run: bool,
}

/// Which row stays.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Choice {
    /// The row of this node stays.
    #[arg(long)]
    local: bool,
    /// The row of the other node stays.
    #[arg(long)]
    remote: bool,
    /// This row takes their place: a JSON object of columns, or @FILE with one.
    #[arg(long, value_name = "JSON")]
    merged: Option<String>,
}

impl Choice {
    /// The word for it, and the merged row.
    fn take(self) -> Result<(&'static str, Option<String>), CliError> {
        match self.merged {
            Some(text) => Ok(("merged", Some(merged_row(text)?))),
            None if self.local => Ok(("local", None)),
            None => Ok(("remote", None)),
        }
    }
}

/// The text of a JSON object.
fn merged_row(text: String) -> Result<String, CliError> {
    let text = match text.strip_prefix('@') {
        Some(path) => {
            let path = PathBuf::from(path);
            fs::read_to_string(&path).map_err(|source| CliError::Read { path, source })?
        }
        None => text,
    };
    match serde_json::from_str::<serde_json::Map<_, serde_json::Value>>(&text) {
        Ok(_) => Ok(text),
        Err(error) => Err(CliError::Usage {
            message: format!("--merged is not a JSON object: {error}"),
            hint: Some("give all columns of the row, such as '{\"id\": 1, \"name\": \"x\"}'"),
        }),
    }
}

pub(super) async fn run(args: Args, context: &mut Context) -> Result<Exit, CliError> {
    let Args { id, choice, reason, force, dry_run } = args;
    let (choice, merged) = choice.take()?;
    let choice = choice.into();
    let request = ConflictResolve { id, choice, merged, reason, force, dry_run };
    let answer = context.ask(&Request::ConflictResolve(request)).await?;
    print_outcome(answer, "decided", context)
}
