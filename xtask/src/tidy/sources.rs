//! What may not be in any tracked file.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use anyhow::{Context as _, Result, bail};
use regex::Regex;

use super::Finding;
use crate::process;

/// The longest file that is still read in one go.
const MAX_LINES: usize = 800;

/// Written by a program, not by us.
const GENERATED: [&str; 2] = ["Cargo.lock", crate::codegen::WRITTEN];

/// Words of unfinished work, in two parts so that this file does not find itself.
const UNFINISHED: [(&str, &str); 5] =
    [("to", "do!"), ("TO", "DO"), ("FIX", "ME"), ("db", "g!("), ("unimpl", "emented!")];

/// Folders that only one machine has.
static MACHINE_PATH: LazyLock<Regex> = LazyLock::new(|| {
    let unix = r"(?:^|[^\w.])/(?:home|Users|root|work|mnt|var/tmp|workspace)/[\w.]";
    pattern(&format!(r"{unix}|[A-Za-z]:\\Users\\\w"))
});

/// Settings that name where packages come from, and packages that do not come from crates.io.
static REGISTRY: LazyLock<Regex> = LazyLock::new(|| {
    let settings = r"replace[-]with\s*=|^\s*\[(?:registries|source)\b|index[-]url\b";
    let source = r#"^source = "(?:git\+|sparse\+|registry\+https://[^g])"#;
    pattern(&format!(r"{settings}|{source}|https?://\d+\.\d+\.\d+\.\d+"))
});

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a constant pattern, compiled by every test of this file")
}

/// A tracked text file.
#[derive(Debug, Clone)]
pub struct Source {
    /// Relative to the root, with slashes.
    pub path: String,
    /// What it holds.
    pub text: String,
}

/// Reads every tracked file that is text, and every new one that is not ignored.
///
/// # Errors
/// When git does not list them or a file cannot be read.
pub fn read(root: &Path) -> Result<Vec<Source>> {
    let mut git = Command::new("git");
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(root);
    let output = process::output(&mut git).context("tidy asks git which files there are")?;
    if !output.status.success() {
        bail!("git cannot list the files of {}: {}", root.display(), process::said(&output));
    }
    let names = String::from_utf8(output.stdout).context("a file's name is not UTF-8")?;
    let mut sources = Vec::new();
    for name in names.split_terminator('\0') {
        let path = root.join(name);
        // Removed, but not committed yet; or a submodule.
        if !path.is_file() {
            continue;
        }
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        if let Ok(text) = String::from_utf8(bytes) {
            sources.push(Source { path: name.to_owned(), text });
        }
    }
    Ok(sources)
}

/// Everything that is wrong with one file.
#[must_use]
pub fn findings(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(too_long(source));
    findings.extend(unfinished(source));
    findings.extend(ignored_tests(source));
    findings.extend(machine_paths(source));
    findings.extend(registries(source));
    findings
}

fn too_long(source: &Source) -> Option<Finding> {
    let lines = source.text.lines().count();
    (lines > MAX_LINES && !GENERATED.contains(&source.path.as_str()))
        .then(|| format!("{}: {lines} lines, more than {MAX_LINES}; split it", source.path))
}

fn unfinished(source: &Source) -> Vec<Finding> {
    let words = UNFINISHED.map(|(start, end)| format!("{start}{end}"));
    let has_word = |line: &str| words.iter().any(|word| line.contains(word.as_str()));
    lines_with(source, has_word, "unfinished work; finish it or file an issue")
}

fn ignored_tests(source: &Source) -> Vec<Finding> {
    let attribute = concat!("#[", "ignore");
    let is_rust = source.path.ends_with(".rs");
    let is_ignored = |line: &str| is_rust && line.trim_start().starts_with(attribute);
    lines_with(source, is_ignored, "an ignored test; mend or remove it")
}

fn machine_paths(source: &Source) -> Vec<Finding> {
    let has_path = |line: &str| MACHINE_PATH.is_match(line);
    lines_with(source, has_path, "a path that only some machine has")
}

fn registries(source: &Source) -> Vec<Finding> {
    let names_one = |line: &str| REGISTRY.is_match(line) && !line.contains("://127.0.0.1");
    lines_with(source, names_one, "a registry or mirror; that is each user's own setting")
}

fn lines_with(source: &Source, is_bad: impl Fn(&str) -> bool, what: &str) -> Vec<Finding> {
    let lines = source.text.lines().enumerate().filter(|(_, line)| is_bad(line));
    lines.map(|(index, _)| format!("{}:{}: {what}", source.path, index + 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, text: impl Into<String>) -> Source {
        Source { path: path.to_owned(), text: text.into() }
    }

    #[test]
    fn a_long_file_is_found() {
        assert_eq!(too_long(&source("a.rs", "x\n".repeat(801))).into_iter().count(), 1);
        assert_eq!(too_long(&source("a.rs", "x\n".repeat(800))), None);
        assert_eq!(too_long(&source("Cargo.lock", "x\n".repeat(9000))), None);
    }

    #[test]
    fn unfinished_work_is_found() {
        for (start, end) in UNFINISHED {
            let found = unfinished(&source("a.rs", format!("fn f() {{\n    {start}{end}\n}}")));
            assert_eq!(found.len(), 1, "{start}{end}");
            assert!(found[0].starts_with("a.rs:2:"), "{found:?}");
        }
        assert!(unfinished(&source("a.rs", "fn to() {}")).is_empty());
    }

    #[test]
    fn an_ignored_test_is_found() {
        let text = concat!("#[test]\n    #[", "ignore = \"slow\"]\nfn f() {}");
        assert_eq!(ignored_tests(&source("a.rs", text)).len(), 1);
        assert!(ignored_tests(&source("a.md", text)).is_empty());
    }

    #[test]
    fn a_path_of_one_machine_is_found() {
        for path in ["home/x", "root/.cache", "Users/me", "work/a", "var/tmp/s"] {
            let text = format!("see /{path}");
            assert_eq!(machine_paths(&source("a.md", text)).len(), 1, "{path}");
        }
        for text in ["/usr/lib/x", "docs/home/x", "example.org/home/x", "below /var/tmp,"] {
            assert!(machine_paths(&source("a.md", text)).is_empty(), "{text}");
        }
    }

    #[test]
    fn a_registry_is_found() {
        for parts in [
            ["replace-", "with = \"mirror\""],
            ["[sou", "rce.crates-io]"],
            ["source = \"git", "+https://example.org/x\""],
            ["http", "://10.0.0.1/simple"],
            ["pip --extra-index", "-url x"],
        ] {
            assert_eq!(registries(&source("a.toml", parts.concat())).len(), 1, "{parts:?}");
        }
        let usual = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
        assert!(registries(&source("Cargo.lock", usual)).is_empty());
    }
}
