//! Runs the program as a user would, and tells everything it did.

use crate::fake::FakeDaemon;
use std::path::Path;
use std::process::{Command, Stdio};

/// The program, without anything of the surroundings: no configuration, no colours wanted.
pub(crate) fn command(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_steep-replctl"));
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("STEEP_") || name.starts_with("CLICOLOR") || name == "NO_COLOR" {
            command.env_remove(&*name);
        }
    }
    for variable in
        ["HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "XDG_STATE_HOME", "APPDATA", "LOCALAPPDATA"]
    {
        command.env(variable, home);
    }
    command.stdin(Stdio::null());
    command
}

/// Runs it with these arguments, against `daemon`; the transcript has the arguments, both outputs,
/// the exit code and what the daemon was asked.
pub(crate) fn transcript(daemon: &FakeDaemon, arguments: &[&str]) -> String {
    let home = tempfile::tempdir().expect("a temporary folder");
    let mut command = command(home.path());
    command.args(arguments).args(["--socket", daemon.path()]);
    let mut text = run(&mut command, arguments).replace(daemon.path(), "[SOCKET]");
    let asked = daemon.asked();
    if !asked.is_empty() {
        text.push_str("--- asked\n");
        text.push_str(&asked);
    }
    text
}

/// Runs it; the transcript has the arguments, both outputs and the exit code.
pub(crate) fn run(command: &mut Command, arguments: &[&str]) -> String {
    let output = command.output().expect("the program starts");
    let mut text = format!("$ steep-replctl {}\n", arguments.join(" "));
    text.push_str(&String::from_utf8(output.stdout).expect("UTF-8"));
    if !output.stderr.is_empty() {
        text.push_str("--- stderr\n");
        text.push_str(&String::from_utf8(output.stderr).expect("UTF-8"));
    }
    match output.status.code() {
        Some(code) => text.push_str(&format!("--- exit {code}\n")),
        None => text.push_str("--- killed\n"),
    }
    text.replace("\r\n", "\n").replace("steep-replctl.exe", "steep-replctl")
}

/// Compares a transcript with the one that is on record.
macro_rules! on_record {
    ($name:expr, $transcript:expr) => {
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!($name, $transcript);
        })
    };
}

pub(crate) use on_record;
