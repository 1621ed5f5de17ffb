//! The programs, as somebody at a Windows machine runs them.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use steep_testkit::wait::{self, Observed};

use super::Windows;
use super::wine::Prefix;
use crate::{cache, process};

const DAEMON: &str = "steep-repl";

const COMMAND_LINE: &str = "steep-replctl";

/// A daemon without a PostgreSQL: what it says of that is enough to know that it runs.
const CONFIGURATION: &str = r"replication:
  postgres: {host: 127.0.0.1, port: 1, user: postgres}
  http: {listen: '127.0.0.1:0'}
  ipc: {path: '\\.\pipe\steep-repl-under-wine'}
  data_dir: 'C:\steep\data'
";

/// Starting a program takes Wine seconds on a busy machine.
const DEADLINE: Duration = Duration::from_secs(90);

/// `steep_ipc::Exit::Unreachable`.
const UNREACHABLE: i32 = 3;

/// The operator's program says what it can do, and which version it is.
pub(super) fn command_line(windows: &Windows<'_>, prefix: &Prefix) -> Result<()> {
    let program = Program::find(windows, prefix, COMMAND_LINE)?;
    program.tells(&["--help"], "Usage: steep-replctl")?;
    program.tells(&["--version"], env!("CARGO_PKG_VERSION"))
}

/// The daemon is installed as a service, started, asked, stopped and removed.
pub(super) fn daemon(windows: &Windows<'_>, prefix: &Prefix) -> Result<()> {
    let daemon = Program::find(windows, prefix, DAEMON)?;
    daemon.tells(&["--help"], "Usage: steep-repl")?;
    daemon.tells(&["version"], env!("CARGO_PKG_VERSION"))?;

    let (folder, name) = prefix.folder("steep")?;
    let file = folder.join("config.yaml");
    fs::write(&file, CONFIGURATION).with_context(|| cache::cannot_write(&file))?;
    let configuration = format!(r"{name}\config.yaml");
    let with = |argument| ["--config", configuration.as_str(), argument];
    let operator = Program::find(windows, prefix, COMMAND_LINE)?;
    let health = || operator.run(&with("health"));

    daemon.tells(&with("install"), "installed")?;
    daemon.tells(&with("start"), "started")?;
    wait::until(DEADLINE, "an answer of the daemon", || {
        seen(health(), |code| matches!(code, 0 | 1))
    })?;
    daemon.tells(&with("stop"), "stopped")?;
    wait::until(DEADLINE, "the end of the daemon", || seen(health(), |code| code == UNREACHABLE))?;
    daemon.tells(&with("uninstall"), "removed")
}

/// A program that was built, and where it runs.
struct Program<'a> {
    path: PathBuf,
    name: &'static str,
    prefix: &'a Prefix,
}

impl<'a> Program<'a> {
    fn find(windows: &Windows<'_>, prefix: &'a Prefix, name: &'static str) -> Result<Self> {
        Ok(Self { path: windows.program(name)?, name, prefix })
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.prefix.program(&self.path);
        command.args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Result<Output> {
        process::output(&mut self.command(arguments))
    }

    /// It ends well, and says this among other things.
    fn tells(&self, arguments: &[&str], wanted: &str) -> Result<()> {
        let output = self.run(arguments)?;
        let said = process::said(&output);
        if !output.status.success() || !said.contains(wanted) {
            let (name, line) = (self.name, arguments.join(" "));
            bail!("{name} {line}: {}, and no {wanted:?} in what it said:\n{said}", output.status);
        }
        Ok(())
    }
}

/// Whether a program ended with an exit code of this kind.
fn seen(ran: Result<Output>, is_wanted: impl Fn(i32) -> bool) -> Result<(), Observed> {
    let output = ran.map_err(Observed::new)?;
    match output.status.code() {
        Some(code) if is_wanted(code) => Ok(()),
        _ => Err(Observed::new(format!("{}: {}", output.status, process::said(&output)))),
    }
}
