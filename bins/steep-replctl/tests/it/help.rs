//! The help of every command, and the manual pages.

use crate::program::{command, on_record, run};
use std::collections::BTreeSet;

/// Every command with the words that lead to it.
fn commands(command: &clap::Command, path: &[String], found: &mut Vec<Vec<String>>) {
    found.push(path.to_vec());
    for inner in command.get_subcommands() {
        commands(inner, &[path, &[inner.get_name().to_owned()]].concat(), found);
    }
}

#[test]
fn every_command_has_help() {
    let home = tempfile::tempdir().unwrap();
    let mut paths = Vec::new();
    commands(&steep_replctl::command(), &[], &mut paths);
    assert!(paths.len() > 30, "{paths:?}");
    for path in paths {
        let arguments: Vec<&str> = path.iter().map(String::as_str).chain(["--help"]).collect();
        let text = run(command(home.path()).args(&arguments), &arguments);
        assert!(text.contains("--- exit 0\n") && !text.contains("--- stderr"), "{text}");
        on_record!(format!("help-{}", path.join("-")).trim_end_matches('-'), text);
    }
}

#[test]
fn every_command_has_a_manual_page() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man1");
    let text = run(command(folder.path()).arg("man").arg(&pages), &["man"]);
    assert!(text.contains("--- exit 0"), "{text}");
    let names: BTreeSet<String> = std::fs::read_dir(&pages)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    let mut paths = Vec::new();
    commands(&steep_replctl::command(), &["steep-replctl".into()], &mut paths);
    let wanted: BTreeSet<String> =
        paths.iter().map(|path| format!("{}.1", path.join("-"))).collect();
    assert_eq!(names, wanted);
    let page = std::fs::read_to_string(pages.join("steep-replctl-node-add.1")).unwrap();
    on_record!("man-node-add", page.replace("\r\n", "\n"));
}

#[test]
fn shells_complete_every_command() {
    let home = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let text = run(command(home.path()).args(["completions", shell]), &["completions", shell]);
        assert!(text.contains("--- exit 0"), "{text}");
        for word in ["resolve-bulk", "node-order", "completions"] {
            assert!(text.contains(word), "{shell} does not know {word}");
        }
    }
}

#[test]
fn the_version_is_told() {
    let home = tempfile::tempdir().unwrap();
    let text = run(command(home.path()).arg("--version"), &["--version"]);
    let expected = format!("steep-replctl {}\n--- exit 0\n", env!("CARGO_PKG_VERSION"));
    assert!(text.ends_with(&expected), "{text}");
}
