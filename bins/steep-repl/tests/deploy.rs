//! The files in deploy/ are what the program would install, and can be read by whom they are for.

use std::fs;
use std::path::{Path, PathBuf};

use steep_config::{Environment, Sources};
use steep_ipc_tokio::Level;
use steep_repl::service::{Wanted, launchd, systemd};

fn deploy(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy").join(file)
}

fn read(file: &str) -> String {
    fs::read_to_string(deploy(file)).unwrap_or_else(|error| panic!("deploy/{file}: {error}"))
}

fn wanted(config: &str) -> Wanted {
    Wanted {
        program: "/usr/local/bin/steep-repl".into(),
        level: Level::System,
        config: Some(config.into()),
        run_as: Some("postgres".into()),
    }
}

#[test]
fn the_systemd_unit_is_what_install_makes() {
    assert_eq!(read("systemd/steep-repl.service"), systemd(&wanted("/etc/steep/config.yaml")));
}

#[test]
fn the_systemd_unit_has_sections_of_assignments() {
    let unit = read("systemd/steep-repl.service");
    let mut section = String::new();
    let mut seen = Vec::new();
    for line in unit.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            name.clone_into(&mut section);
        } else {
            let (key, value) =
                line.split_once('=').unwrap_or_else(|| panic!("no assignment: {line}"));
            assert!(!section.is_empty() && !value.is_empty(), "{line}");
            seen.push(format!("{section}.{key}"));
        }
    }
    for needed in ["Unit.Description", "Service.ExecStart", "Service.Restart", "Install.WantedBy"] {
        assert!(seen.iter().any(|key| key == needed), "{needed} is missing");
    }
}

#[test]
fn the_launchd_property_list_is_what_install_makes() {
    let own = launchd(&wanted("/usr/local/etc/steep/config.yaml"));
    assert_eq!(read("launchd/steep-repl.plist"), own);
    // Every element that is opened is closed.
    for element in ["plist", "dict", "array", "key", "string", "integer"] {
        let opened = own.matches(&format!("<{element}>")).count()
            + own.matches(&format!("<{element} ")).count();
        assert_eq!(opened, own.matches(&format!("</{element}>")).count(), "{element}");
    }
}

#[test]
fn every_example_of_a_configuration_is_accepted_whole() {
    let mut count = 0;
    for entry in fs::read_dir(deploy("config")).expect("deploy/config exists") {
        let path = entry.expect("deploy/config can be listed").path();
        let sources = Sources::with_environment(Environment::default()).file(&path);
        let loaded = steep_config::load(&sources);
        let loaded = loaded.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(loaded.config.topology.this_node.name.is_some(), "{}", path.display());
        count += 1;
    }
    assert!(count >= 2, "{count} examples");
}
