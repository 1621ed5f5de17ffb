//! `cargo xtask windows`: the programs built for Windows on another system, and tried under Wine.

mod programs;
mod toolchain;
mod wine;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, bail};

pub(crate) use self::toolchain::{GCC, TARGET, Toolchain};
use self::wine::Prefix;
pub(crate) use self::wine::WINE;
use crate::project::Project;
use crate::test::{Detail, Steps};
use crate::{prerequisites, say};

/// Everything that runs on Windows.
const CRATES: [&str; 7] = [
    "steep-types",
    "steep-ipc",
    "steep-ipc-tokio",
    "steep-config",
    "steep-node",
    "steep-repl",
    "steep-replctl",
];

/// The crates whose tests tell one system from another, and need no PostgreSQL.
const TESTED: [&str; 3] = ["steep-ipc", "steep-ipc-tokio", "steep-config"];

pub(crate) fn run(project: &Project) -> Result<ExitCode> {
    prerequisites::for_windows()?;
    let mut steps = Steps::new(Detail::Full);
    add_steps(project, &mut steps);
    let report = steps.into_report();
    say::answer(report.table());
    say::answer(report.last_line());
    Ok(if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The same as part of all tests. A machine that cannot have the tools is told what is missing.
pub(crate) fn as_steps(project: &Project, steps: &mut Steps) {
    match prerequisites::for_windows() {
        Ok(()) => add_steps(project, steps),
        Err(error) => steps.skip("Windows", error.to_string()),
    }
}

fn add_steps(project: &Project, steps: &mut Steps) {
    let build = "Windows: build";
    let Some(toolchain) = Toolchain::find() else {
        return steps.skip(build, format!("no toolchain for {TARGET}"));
    };
    let windows = Windows { project, toolchain, target: project.target().join("windows") };
    steps.check(build, windows.build());
    let tests = "Windows: tests under Wine";
    let prefix = match Prefix::create() {
        Ok(prefix) => prefix,
        Err(error) => return steps.cannot(tests, &error),
    };
    steps.run(tests, windows.tests(&prefix));
    steps.act("Windows: command line", || programs::command_line(&windows, &prefix));
    steps.act("Windows: daemon", || programs::daemon(&windows, &prefix));
}

/// A build for Windows. It has a target folder of its own: another compiler makes it.
struct Windows<'a> {
    project: &'a Project,
    toolchain: Toolchain,
    target: PathBuf,
}

impl Windows<'_> {
    fn build(&self) -> Command {
        let mut cargo = self.cargo("build");
        cargo.args(CRATES.into_iter().flat_map(|name| ["--package", name]));
        cargo
    }

    fn tests(&self, prefix: &Prefix) -> Command {
        let mut cargo = self.cargo("test");
        cargo.args(TESTED.into_iter().flat_map(|name| ["--package", name]));
        cargo.args(["--lib", "--tests", "--no-fail-fast"]);
        cargo.env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER", WINE);
        prefix.apply(&mut cargo);
        cargo
    }

    fn cargo(&self, subcommand: &str) -> Command {
        self.toolchain.cargo(self.project, &self.target, subcommand)
    }

    /// A program that was built.
    fn program(&self, name: &str) -> Result<PathBuf> {
        let path = self.target.join(TARGET).join("debug").join(name).with_extension("exe");
        if !path.exists() {
            bail!("{} was not built", shown(&path));
        }
        path.canonicalize().with_context(|| format!("cannot read {}", shown(&path)))
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
