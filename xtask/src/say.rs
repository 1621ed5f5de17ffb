//! What the commands tell the user: progress on standard error, answers on standard output.

use std::fmt::Display;
use std::io::Write as _;

/// A line about what is being done.
pub(crate) fn progress(line: impl Display) {
    // Nobody is left to be told that standard error is closed.
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// A line that the user asked for.
pub(crate) fn answer(line: impl Display) {
    // A closed pipe (`| head`) means that the reader has seen enough.
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// An error and its causes; a cause whose text the error ends with already is not repeated.
pub(crate) fn error(error: &anyhow::Error) {
    let mut text = format!("error: {error}");
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.ends_with(&cause) {
            text.push_str("\n  because: ");
            text.push_str(&cause);
        }
    }
    progress(text);
}
