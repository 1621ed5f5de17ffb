//! What needs no daemon: configuration and certificates.

use crate::program::{command, on_record, run};
use std::fs;

#[test]
fn the_configuration_is_explained() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("mine.yaml");
    let yaml = "
replication:
  postgres: {host: db.lan, password_command: 'pass show hunter2'}
  rbac: {enabled: true}
";
    fs::write(&file, yaml).unwrap();
    let explain = |arguments: &[&str]| {
        let mut command = command(home.path());
        command.args(["config", "explain", "--config"]).arg(&file).args(arguments);
        command.env("STEEP_REPLICATION__POSTGRES__PORT", "6543").env("XDG_STATE_HOME", "/state");
        let text = run(&mut command, &[&["config", "explain"], arguments].concat());
        text.replace(&home.path().display().to_string(), "[HOME]").replace('\\', "/")
    };
    let all = explain(&[]);
    assert!(!all.contains("hunter2"), "{all}");
    // Folders differ from system to system.
    #[cfg(unix)]
    on_record!("config-explain", all);
    on_record!("config-explain-set", explain(&["--set"]));
    #[cfg(unix)]
    on_record!("config-explain-set.json", explain(&["--set", "--json", "--socket", "/s"]));
}

#[test]
fn mistakes_in_the_configuration_are_told_all_at_once() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("steep");
    fs::create_dir(&folder).unwrap();
    let yaml = "replication: {postgres: {prot: 1, password: hunter2}, log: {level: loud}}";
    fs::write(folder.join("config.yaml"), yaml).unwrap();
    for arguments in [&["config", "explain"][..], &["status"]] {
        let text = run(command(home.path()).args(arguments), arguments);
        assert!(!text.contains("hunter2"), "{text}");
        let text = text.replace(&home.path().display().to_string(), "[HOME]").replace('\\', "/");
        on_record!(format!("config-mistakes-{}", arguments[0]), text);
    }
    let text =
        run(command(home.path()).args(["config", "explain", "--config", "nowhere.yaml"]), &[]);
    assert!(text.contains("--- exit 4"), "{text}");
}

#[test]
fn certificates_are_made_and_never_overwritten() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("tls");
    let init = |arguments: &[&str]| {
        let mut command = command(home.path());
        // A relative path is as long on every machine, and so are the columns.
        command.current_dir(home.path()).args(["tls", "init", "--dir", "tls"]).args(arguments);
        let text = run(&mut command, &[&["tls", "init", "--dir", "tls"], arguments].concat());
        // In JSON a backslash is two.
        without_dates(&text.replace(r"\\", "/").replace('\\', "/"))
    };
    on_record!("tls-init", init(&["hq=hq.lan,10.0.0.1", "cloud"]));
    on_record!("tls-init-again", init(&["hq"]));
    on_record!("tls-init-more.json", init(&["berlin-1", "--days", "30", "--json"]));
    on_record!("tls-init-wrong", init(&["_x"]));
    for name in ["ca.crt", "ca.key", "hq.crt", "hq.key", "cloud.key", "berlin-1.crt"] {
        assert!(folder.join(name).is_file(), "{name}");
    }
}

/// Times as `[TIME]`.
fn without_dates(text: &str) -> String {
    let is_time = |word: &str| word.len() == 20 && word.ends_with('Z') && word.starts_with("20");
    text.split_inclusive(['\n', ' ', '"'])
        .map(|piece| {
            let (word, end) = piece.split_at(piece.len() - 1);
            if is_time(word) { format!("[TIME]{end}") } else { piece.to_owned() }
        })
        .collect()
}
