//! Programs that are run to their end.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::process::{Command, Output, Stdio};

use anyhow::{Result, anyhow, bail};

/// How a command would be written in a shell.
pub(crate) fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

/// Runs a command whose output the user sees.
pub(crate) fn show(mut command: Command) -> Result<()> {
    let status = command.status().map_err(|error| not_run(&command, &error))?;
    if !status.success() {
        bail!("`{}` failed ({status}); its output is above", line(&command));
    }
    Ok(())
}

/// Runs a command and returns what it said, however it ended.
pub(crate) fn output(command: &mut Command) -> Result<Output> {
    command.stdin(Stdio::null());
    command.output().map_err(|error| not_run(command, &error))
}

/// Runs a command and returns the last line of its standard output.
pub(crate) fn last_line(command: &mut Command) -> Result<String> {
    let output = output(command)?;
    if !output.status.success() {
        bail!("`{}` failed ({}):\n{}", line(command), output.status, said(&output));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.trim_end().lines().last().unwrap_or_default().to_owned())
}

/// What a program wrote, errors last.
pub(crate) fn said(output: &Output) -> String {
    let text = |bytes| String::from_utf8_lossy(bytes).trim_end().to_owned();
    format!("{}\n{}", text(&output.stdout), text(&output.stderr)).trim().to_owned()
}

fn not_run(command: &Command, error: &std::io::Error) -> anyhow::Error {
    let program = command.get_program().to_string_lossy();
    match error.kind() {
        ErrorKind::NotFound => anyhow!("there is no program `{program}`"),
        _ => anyhow!("`{program}` cannot be run: {error}"),
    }
}
