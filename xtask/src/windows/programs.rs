//! The programs, as somebody at a Windows machine runs them.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
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

/// The daemon is run, asked, and stopped with Ctrl-C. Not as a service: Wine 8 starts those that start by
/// themselves anew with every program, each time another session of Windows.
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
    let health = || operator.ends(&with("health"));

    let mut running = Running::start(daemon.command(&with("run")))?;
    wait::until(DEADLINE, "an answer of the daemon", || {
        seen(health(), |code| matches!(code, 0 | 1))
    })?;
    running.interrupt()?;
    wait::until(DEADLINE, "the end of the daemon", || running.ended())?;
    wait::until(DEADLINE, "nobody there", || seen(health(), |code| code == UNREACHABLE))?;
    Ok(())
}

/// A program that runs until it is told to stop.
struct Running(Child);

impl Running {
    fn start(mut command: Command) -> Result<Self> {
        // A pipe that nobody reads would fill.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        Ok(Self(command.spawn().context("Wine cannot be run")?))
    }

    /// What Wine passes on as Ctrl-C.
    fn interrupt(&self) -> Result<()> {
        let mut kill = Command::new("kill");
        process::last_line(kill.args(["-INT", &self.0.id().to_string()])).map(drop)
    }

    /// Whether it has ended, and well.
    fn ended(&mut self) -> Result<(), Observed> {
        match self.0.try_wait()? {
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(Observed::new(status)),
            None => Err(Observed::new("it runs")),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended already needs neither.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
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

    /// How it ends. What it says goes nowhere: while the daemon runs, so do parts of Wine that this
    /// program started, and they would keep a pipe open.
    fn ends(&self, arguments: &[&str]) -> Result<ExitStatus> {
        let mut command = self.command(arguments);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.status().context("Wine cannot be run")
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
fn seen(ended: Result<ExitStatus>, is_wanted: impl Fn(i32) -> bool) -> Result<(), Observed> {
    let status = ended.map_err(Observed::new)?;
    match status.code() {
        Some(code) if is_wanted(code) => Ok(()),
        _ => Err(Observed::new(status)),
    }
}
