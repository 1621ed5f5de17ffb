//! What was released stays as it was, and every release leads to the present version.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use cargo_metadata::Metadata;
use sha2::{Digest as _, Sha256};

use super::Finding;
use crate::ext::scripts::default_version;

/// Where the hashes are, as findings name it.
const HASHES: &str = "ext/steep_repl/sql/released.sha256";

/// What the extension's folder says about its versions.
#[derive(Debug, Clone, Default)]
pub struct Releases {
    /// `default_version` of the control file.
    pub control_version: String,
    /// The version of the extension's crate.
    pub crate_version: String,
    /// The hashes of `released.sha256`, by path below `sql`.
    pub recorded: BTreeMap<String, String>,
    /// The hashes of the files in `released`, by path below `sql`.
    pub found: BTreeMap<String, String>,
    /// The names of the scripts in `released` and `upgrade`.
    pub scripts: BTreeSet<String>,
}

impl Releases {
    /// Reads the extension's folder.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn read(root: &Path, metadata: &Metadata) -> Result<Self> {
        let folder = root.join("ext/steep_repl");
        let read = |name: &str| {
            let path = folder.join(name);
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
        };
        let of_crate = |package: &&cargo_metadata::Package| package.name.as_str() == "steep_repl";
        let package = metadata.workspace_packages().into_iter().find(of_crate);
        let mut releases = Self {
            control_version: default_version(&read("steep_repl.control")?).unwrap_or_default(),
            crate_version: package.map(|found| found.version.to_string()).unwrap_or_default(),
            recorded: recorded(&read("sql/released.sha256")?),
            ..Self::default()
        };
        for part in ["released", "upgrade"] {
            let path = folder.join("sql").join(part);
            let context = || format!("cannot read {}", path.display());
            for entry in fs::read_dir(&path).with_context(context)? {
                let name = entry.with_context(context)?.file_name().to_string_lossy().into_owned();
                if part == "released" {
                    let text = read(&format!("sql/released/{name}"))?;
                    let hash = format!("{:x}", Sha256::digest(text.as_bytes()));
                    releases.found.insert(format!("released/{name}"), hash);
                }
                releases.scripts.insert(name);
            }
        }
        Ok(releases)
    }
}

/// The lines of sha256sum: a hash, two spaces, a path.
fn recorded(text: &str) -> BTreeMap<String, String> {
    text.lines()
        .filter_map(|line| line.split_once("  "))
        .map(|(hash, path)| (path.trim().to_owned(), hash.to_owned()))
        .collect()
}

/// Everything that is wrong with the releases.
#[must_use]
pub fn findings(releases: &Releases) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(versions_differ(releases));
    findings.extend(changed_scripts(releases));
    findings.extend(unreachable_versions(releases));
    findings
}

fn versions_differ(releases: &Releases) -> Option<Finding> {
    let Releases { control_version, crate_version, .. } = releases;
    (control_version != crate_version).then(|| {
        format!(
            "ext/steep_repl: Cargo.toml has version {crate_version:?}, steep_repl.control has \
             default_version {control_version:?}; they move together"
        )
    })
}

fn changed_scripts(releases: &Releases) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, hash) in &releases.found {
        match releases.recorded.get(path) {
            None => findings.push(format!("{HASHES}: no line for {path}; add it: {hash}")),
            Some(recorded) if recorded != hash => findings.push(format!(
                "ext/steep_repl/sql/{path}: changed after its release; restore it, and write an \
                 upgrade script instead"
            )),
            Some(_) => {}
        }
    }
    for path in releases.recorded.keys().filter(|path| !releases.found.contains_key(*path)) {
        findings.push(format!("{HASHES}: {path} was released and is gone; restore it"));
    }
    findings
}

fn unreachable_versions(releases: &Releases) -> Vec<Finding> {
    let versions = releases.scripts.iter().filter_map(|name| match script_versions(name)? {
        (version, None) => Some(version),
        _ => None,
    });
    versions
        .filter(|version| !reaches(releases, version))
        .map(|version| {
            format!(
                "ext/steep_repl/sql/upgrade: no scripts lead from {version} to {}",
                releases.control_version
            )
        })
        .collect()
}

/// `steep_repl--1.sql` installs, `steep_repl--1--2.sql` upgrades.
fn script_versions(name: &str) -> Option<(&str, Option<&str>)> {
    let versions = name.strip_prefix("steep_repl--")?.strip_suffix(".sql")?;
    Some(match versions.split_once("--") {
        Some((from, to)) => (from, Some(to)),
        None => (versions, None),
    })
}

fn reaches(releases: &Releases, version: &str) -> bool {
    let mut reached = BTreeSet::from([version]);
    loop {
        let steps = releases.scripts.iter().filter_map(|name| script_versions(name));
        let next: BTreeSet<_> = steps
            .filter(|(from, _)| reached.contains(from))
            .filter_map(|(_, to)| to)
            .filter(|to| !reached.contains(to))
            .collect();
        if next.is_empty() {
            return reached.contains(releases.control_version.as_str());
        }
        reached.extend(next);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Releases {
        let hashes = BTreeMap::from([("released/steep_repl--1.sql".to_owned(), "aa".to_owned())]);
        let scripts = ["steep_repl--1.sql", "steep_repl--1--2.sql", "steep_repl--2--3.sql"];
        Releases {
            control_version: "3".into(),
            crate_version: "3".into(),
            recorded: hashes.clone(),
            found: hashes,
            scripts: scripts.map(str::to_owned).into(),
        }
    }

    #[test]
    fn releases_in_order_are_left_alone() {
        assert_eq!(findings(&good()), Vec::<Finding>::new());
    }

    #[test]
    fn two_versions_are_found() {
        let bad = Releases { crate_version: "4".into(), ..good() };
        assert!(versions_differ(&bad).is_some_and(|finding| finding.contains("\"4\"")));
    }

    #[test]
    fn a_changed_release_is_found() {
        let mut bad = good();
        bad.found.insert("released/steep_repl--1.sql".into(), "bb".into());
        assert!(changed_scripts(&bad)[0].contains("changed after its release"));
    }

    #[test]
    fn a_release_without_a_hash_and_a_hash_without_a_release_are_found() {
        let unrecorded = Releases { recorded: BTreeMap::new(), ..good() };
        assert!(changed_scripts(&unrecorded)[0].contains("no line for"));
        let gone = Releases { found: BTreeMap::new(), ..good() };
        assert!(changed_scripts(&gone)[0].contains("is gone"));
    }

    #[test]
    fn a_version_that_leads_nowhere_is_found() {
        let mut bad = good();
        bad.scripts.remove("steep_repl--2--3.sql");
        assert!(unreachable_versions(&bad)[0].contains("from 1 to 3"));
    }

    #[test]
    fn the_notation_of_sha256sum_is_read() {
        let read = recorded("aa  released/x.sql\nbb  released/y.sql\n");
        assert_eq!(read.get("released/y.sql").map(String::as_str), Some("bb"));
    }
}
