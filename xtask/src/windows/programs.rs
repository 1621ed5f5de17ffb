//! The programs, as somebody at a Windows machine runs them.

use anyhow::{Result, bail};

use super::Windows;
use super::wine::Prefix;
use crate::process;

const DAEMON: &str = "steep-repl";

const COMMAND_LINE: &str = "steep-replctl";

/// The operator's program says what it can do, and which version it is.
pub(super) fn command_line(windows: &Windows<'_>, prefix: &Prefix) -> Result<()> {
    tells(windows, prefix, COMMAND_LINE, "--help", "Usage: steep-replctl")?;
    tells(windows, prefix, COMMAND_LINE, "--version", env!("CARGO_PKG_VERSION"))
}

/// The daemon says the same.
pub(super) fn daemon(windows: &Windows<'_>, prefix: &Prefix) -> Result<()> {
    tells(windows, prefix, DAEMON, "--help", "Usage: steep-repl")?;
    tells(windows, prefix, DAEMON, "version", env!("CARGO_PKG_VERSION"))
}

fn tells(
    windows: &Windows<'_>,
    prefix: &Prefix,
    name: &str,
    argument: &str,
    wanted: &str,
) -> Result<()> {
    let mut program = prefix.program(&windows.program(name)?);
    let output = process::output(program.arg(argument))?;
    let said = process::said(&output);
    if !output.status.success() || !said.contains(wanted) {
        bail!("{name} {argument}: {}, and no {wanted:?} in what it said:\n{said}", output.status);
    }
    Ok(())
}
