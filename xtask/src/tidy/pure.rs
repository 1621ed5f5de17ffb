//! Pure crates: `no_std`, and with lints that keep clocks and randomness out.

use std::fs;
use std::path::Path;

use super::Finding;
use super::arrows::PURE;

/// What is wrong with the pure crates below `root`. One that is not there yet is no concern.
#[must_use]
pub fn findings(root: &Path) -> Vec<Finding> {
    let names = PURE.into_iter().chain(["steep-types"]);
    names.flat_map(|name| crate_findings(name, &root.join("crates").join(name))).collect()
}

fn crate_findings(name: &str, folder: &Path) -> Vec<Finding> {
    if !folder.exists() {
        return Vec::new();
    }
    let mut findings = Vec::new();
    let lib = fs::read_to_string(folder.join("src/lib.rs")).unwrap_or_default();
    if !is_no_std(&lib) {
        findings.push(format!("{name}: src/lib.rs has no #![no_std], as every pure crate has"));
    }
    let lints = fs::read_to_string(folder.join("clippy.toml")).unwrap_or_default();
    if !lints.contains("disallowed-types") {
        findings.push(format!("{name}: clippy.toml with disallowed-types is missing; copy it"));
    }
    findings
}

/// Also when only tests have the standard library.
fn is_no_std(lib: &str) -> bool {
    let attributes = lib.lines().map(str::trim);
    attributes
        .into_iter()
        .any(|line| line == "#![no_std]" || line == "#![cfg_attr(not(test), no_std)]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pure_crate_with_the_standard_library_is_found() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("src")).unwrap();
        fs::write(folder.path().join("src/lib.rs"), "//! #![no_std]\nuse std::fs;\n").unwrap();
        let found = crate_findings("steep-ranges", folder.path());
        assert_eq!(found.len(), 2, "{found:?}");
        fs::write(folder.path().join("src/lib.rs"), "#![no_std]\n").unwrap();
        fs::write(folder.path().join("clippy.toml"), "disallowed-types = []\n").unwrap();
        assert_eq!(crate_findings("steep-ranges", folder.path()), Vec::<Finding>::new());
    }
}
