//! `cargo xtask tidy`: rules of the project that no compiler checks.
//!
//! Every rule is a function from what it looks at to what is wrong with it, and has a test that
//! shows it a made-up bad input.

pub mod arrows;
pub mod generated;
pub mod manifests;
pub mod pure;
pub mod releases;
pub mod sources;

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use cargo_metadata::{Metadata, MetadataCommand};

use crate::say;

/// One thing that is wrong: where, and what to do about it.
pub type Finding = String;

/// Checks the checkout in `root` and says what it found.
pub(crate) fn run(root: &Path) -> Result<()> {
    let findings = findings(root)?;
    for finding in &findings {
        say::answer(finding);
    }
    if !findings.is_empty() {
        bail!("tidy found {} thing(s) to mend", findings.len());
    }
    say::progress("tidy: nothing to mend");
    Ok(())
}

/// Everything that is wrong with the checkout in `root`.
///
/// # Errors
/// When it cannot be read.
pub fn findings(root: &Path) -> Result<Vec<Finding>> {
    let metadata = metadata(root)?;
    let sources = sources::read(root)?;
    let mut findings = arrows::findings(&metadata);
    findings.extend(manifests::findings(&metadata));
    findings.extend(pure::findings(root));
    findings.extend(sources.iter().flat_map(sources::findings));
    findings.extend(generated::findings(root)?);
    findings.extend(releases::findings(&releases::Releases::read(root, &metadata)?));
    findings.sort();
    Ok(findings)
}

fn metadata(root: &Path) -> Result<Metadata> {
    let mut command = MetadataCommand::new();
    command.current_dir(root).no_deps();
    command.exec().context("`cargo metadata` failed; mend the Cargo.toml that it names")
}
