//! The checks that run no test.

use super::step::Steps;
use super::suites::everything_but_the_extension;
use crate::pg::Installation;
use crate::project::Project;
use crate::{ext, prerequisites, process, tidy};

/// What the inner loop has.
pub(super) fn quick(project: &Project, steps: &mut Steps) {
    // libclang: the first thing that is compiled may need it, and clippy compiles all.
    steps.act("what building needs", prerequisites::for_building);

    let mut formatting = project.cargo();
    formatting.args(["fmt", "--all", "--check"]);
    steps.check("formatting", formatting);

    let mut clippy = project.cargo();
    clippy.args(["clippy", "--all-targets"]);
    everything_but_the_extension(&mut clippy);
    clippy.args(["--", "--deny", "warnings"]);
    steps.check("clippy", clippy);

    steps.act("tidy", || tidy::run(project.root()));
}

pub(super) fn documentation(project: &Project, steps: &mut Steps) {
    let mut rustdoc = project.cargo();
    rustdoc.args(["doc", "--no-deps"]).env("RUSTDOCFLAGS", "--deny warnings");
    everything_but_the_extension(&mut rustdoc);
    steps.check("documentation", rustdoc);
}

/// Licences, bans and sources. Advisories change without us and need the network: whoever releases
/// asks for them, with `cargo deny check advisories`.
pub(super) fn dependencies(project: &Project, steps: &mut Steps) {
    let step = "licences and bans";
    let mut version = project.cargo();
    let is_there = process::output(version.args(["deny", "--version"]))
        .is_ok_and(|output| output.status.success());
    if !is_there {
        let how = "cargo-deny is not installed (cargo install cargo-deny --locked)";
        return steps.skip(step, how.to_owned());
    }
    let mut deny = project.cargo();
    deny.args(["deny", "check", "licenses", "bans", "sources"]);
    steps.check(step, deny);
}

/// The extension, with the headers of the newest of these servers.
pub(super) fn extension(project: &Project, installations: &[Installation], steps: &mut Steps) {
    let Some(newest) = installations.last() else { return };
    let step = format!("clippy of the extension (PostgreSQL {})", newest.major);
    match ext::command(project, newest, "clippy") {
        Ok(mut clippy) => {
            clippy.args(["--", "--deny", "warnings"]);
            steps.check(&step, clippy);
        }
        Err(error) => steps.cannot(&step, &error),
    }
    let step = "documentation of the extension";
    match ext::command(project, newest, "doc") {
        Ok(mut rustdoc) => {
            rustdoc.arg("--no-deps").env("RUSTDOCFLAGS", "--deny warnings");
            steps.check(step, rustdoc);
        }
        Err(error) => steps.cannot(step, &error),
    }
}
