//! The checks that run no test.

use anyhow::Result;

use super::step::Steps;
use super::suites::everything_but_the_extension;
use crate::pg::Installation;
use crate::project::Project;
use crate::{ext, process, tidy};

/// What the inner loop has.
pub(super) fn quick(project: &Project, steps: &mut Steps) {
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

/// The extension, with one server's headers.
pub(super) fn extension(
    project: &Project,
    installation: &Installation,
    steps: &mut Steps,
) -> Result<()> {
    let mut clippy = ext::command(project, installation, "clippy")?;
    clippy.args(["--", "--deny", "warnings"]);
    steps.check(&format!("clippy of the extension (PostgreSQL {})", installation.major), clippy);
    let mut rustdoc = ext::command(project, installation, "doc")?;
    rustdoc.arg("--no-deps").env("RUSTDOCFLAGS", "--deny warnings");
    steps.check("documentation of the extension", rustdoc);
    Ok(())
}
