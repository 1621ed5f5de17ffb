//! Which tests there are, and the command that runs them.

use std::path::PathBuf;
use std::process::Command;
use std::thread;

use anyhow::{Context as _, Result};
use cargo_metadata::MetadataCommand;
use steep_testkit::{GuardedFolder, Major, TEMPLATES_VARIABLE};

use super::scratch;
use crate::process;
use crate::project::Project;

/// The tests that need servers, and all others.
///
/// All of them are built with the same packages selected, as cargo otherwise builds what they
/// depend on with other features, again. A test belongs to a major by its name, which
/// `on_each_major!` gives it.
pub(super) struct Suites<'a> {
    project: &'a Project,
    has_nextest: bool,
    scratch: PathBuf,
    /// Goes when the run ends, however it ends.
    templates: GuardedFolder,
}

impl<'a> Suites<'a> {
    pub(super) fn new(project: &'a Project) -> Result<Self> {
        let scratch = scratch::folder()?;
        let templates = scratch.join(format!("steep-templates-{}", std::process::id()));
        let templates = GuardedFolder::create(&templates)
            .with_context(|| format!("cannot make the folder {}", templates.display()))?;
        Ok(Self { project, has_nextest: has_nextest(project), scratch, templates })
    }

    /// The tests of one major.
    pub(super) fn on(&self, major: Major) -> Command {
        self.tests(&[mark(major)])
    }

    /// All other tests.
    pub(super) fn for_no_one_major(&self) -> Command {
        let skipped = Major::ALL.into_iter().flat_map(|major| ["--skip".to_owned(), mark(major)]);
        self.tests(&skipped.collect::<Vec<_>>())
    }

    /// The examples in the documentation, which only cargo's own runner knows.
    pub(super) fn examples(&self) -> Command {
        let mut command = self.project.cargo();
        command.args(["test", "--doc", "--no-fail-fast"]);
        everything_but_the_extension(&mut command);
        command
    }

    fn tests(&self, filter: &[String]) -> Command {
        let mut command = runner(self.project, self.has_nextest);
        everything_but_the_extension(&mut command);
        let threads = format!("--test-threads={}", threads());
        if self.has_nextest {
            command.arg(threads).arg("--").args(filter);
        } else {
            command.arg("--").arg(threads).args(filter);
        }
        command.env("TMPDIR", &self.scratch);
        command.env(TEMPLATES_VARIABLE, self.templates.path());
        command
    }
}

/// The tests of every crate that does not use the test kit.
pub(super) fn without_servers(project: &Project) -> Result<Command> {
    let mut command = runner(project, has_nextest(project));
    everything_but_the_extension(&mut command);
    for package in users_of_the_test_kit(project)? {
        command.args(["--exclude", &package]);
    }
    Ok(command)
}

fn runner(project: &Project, has_nextest: bool) -> Command {
    let mut command = project.cargo();
    if has_nextest {
        command.args(["nextest", "run", "--no-fail-fast"]);
    } else {
        command.args(["test", "--no-fail-fast", "--lib", "--bins", "--tests"]);
    }
    command
}

/// The extension's library cannot be linked without a server.
pub(super) fn everything_but_the_extension(command: &mut Command) {
    command.args(["--workspace", "--exclude", "steep_repl"]);
}

fn has_nextest(project: &Project) -> bool {
    let mut nextest = project.cargo();
    process::output(nextest.args(["nextest", "--version"])).is_ok_and(|said| said.status.success())
}

/// Part of the name of each test that `on_each_major!` makes.
fn mark(major: Major) -> String {
    format!("::pg{major}")
}

/// A test of servers waits more than it computes: for beats, restarts of workers, other nodes.
fn threads() -> usize {
    thread::available_parallelism().map_or(4, |cores| (6 * cores.get()).min(16))
}

fn users_of_the_test_kit(project: &Project) -> Result<Vec<String>> {
    let metadata = MetadataCommand::new()
        .current_dir(project.root())
        .no_deps()
        .exec()
        .context("`cargo metadata` failed; mend the Cargo.toml that it names")?;
    let test_kit = "steep-testkit";
    let members = metadata.workspace_packages().into_iter();
    let users = members.filter(|member| {
        member.name.as_str() == test_kit
            || member.dependencies.iter().any(|dependency| dependency.name == test_kit)
    });
    Ok(users.map(|user| user.name.to_string()).collect())
}
