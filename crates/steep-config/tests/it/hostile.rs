//! Whatever a file holds, loading it ends with a configuration or an error.

use crate::support::{load_text, load_with};
use proptest::prelude::*;
use proptest::test_runner::{Config as Cases, RngAlgorithm, TestRng, TestRunner};
use steep_config::{ConfigError, explain};

#[test]
fn what_is_not_yaml_is_refused_with_its_place() {
    for wrong in
        ["replication: {", "a: b: c", "\tx: 1", "replication: {log: {level: info}", "a: &x *x"]
    {
        let error = load_text(wrong).unwrap_err();
        assert!(matches!(error, ConfigError::Syntax { .. }), "{wrong:?}: {error:?}");
        assert!(error.to_string().contains("config.yaml"), "{error}");
    }
}

#[test]
fn a_key_that_is_written_twice_is_refused() {
    let error =
        load_text("replication:\n  log: {level: info}\n  log: {level: warn}\n").unwrap_err();
    assert!(error.to_string().contains("\"log\" is written twice"), "{error}");
}

#[test]
fn a_file_that_is_no_section_is_refused() {
    for wrong in ["hunter2", "- a", "42"] {
        let error = load_text(wrong).unwrap_err();
        assert!(matches!(error, ConfigError::Invalid { .. }), "{error:?}");
        assert!(!format!("{error:?}").contains("hunter2"));
    }
}

#[test]
fn bombs_do_not_explode() {
    let mut doubling = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..30 {
        let items = vec![format!("*a{}", level - 1); 9].join(", ");
        doubling.push_str(&format!("a{level}: &a{level} [{items}]\n"));
    }
    assert!(matches!(load_text(&doubling), Err(ConfigError::Syntax { .. })));
    let deep = "[".repeat(100_000);
    assert!(matches!(load_text(&deep), Err(ConfigError::Syntax { .. })));
    let long = format!("replication: {{log: {{level: {}}}}}", "x".repeat(900_000));
    assert!(load_text(&long).unwrap_err().to_string().len() < 500);
    let large = format!("# {}", "x".repeat(2 << 20));
    assert!(matches!(load_text(&large), Err(ConfigError::TooLarge { .. })));
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.yaml");
    std::fs::write(&path, b"replication: \xff").unwrap();
    let error = steep_config::load(&steep_config::Sources::none().file(&path)).unwrap_err();
    assert!(matches!(error, ConfigError::Syntax { .. }), "{error:?}");
    let error = steep_config::load(&steep_config::Sources::none().file(folder.path())).unwrap_err();
    assert!(matches!(error, ConfigError::NotAFile { .. }), "{error:?}");
}

/// The same cases each time.
fn runner() -> TestRunner {
    let cases = Cases { cases: 400, failure_persistence: None, ..Cases::default() };
    TestRunner::new_with_rng(cases, TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]))
}

/// A value of YAML, with keys that exist and keys that do not.
fn yaml() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "[a-z0-9:*/.-]{0,6}".prop_map(|text| format!("\"{text}\"")),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| format!("{number:?}")),
        Just("true".into()),
        Just("null".into()),
        Just("10s".into()),
        Just("1GB".into()),
    ];
    let key = prop::sample::select(vec![
        "replication",
        "postgres",
        "host",
        "port",
        "tls",
        "mode",
        "topology",
        "nodes",
        "name",
        "tables",
        "include",
        "conflicts",
        "strategy",
        "priority",
        "rbac",
        "roles",
        "inherits",
        "a",
        "credentials",
        "password_env",
        "notifications",
        "channels",
        "slack",
        "routing",
        "watch",
        "interval",
        "validation",
        "checksum",
        "schedule",
        "password",
        "a.b",
        "ä",
    ]);
    leaf.prop_recursive(5, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4)
                .prop_map(|items| format!("[{}]", items.join(", "))),
            prop::collection::btree_map(key.clone(), inner, 0..6).prop_map(|map| {
                let entries: Vec<_> =
                    map.iter().map(|(key, value)| format!("{key}: {value}")).collect();
                format!("{{{}}}", entries.join(", "))
            }),
        ]
    })
}

#[test]
fn any_tree_is_loaded_or_refused() {
    runner()
        .run(&yaml(), |tree| {
            match load_text(&format!("replication: {tree}")) {
                Ok(loaded) => prop_assert!(!explain(&loaded).is_empty()),
                Err(error) => prop_assert!(!error.to_string().is_empty()),
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn what_explain_shows_loads_as_the_same_configuration() {
    let values = ("[a-z]{1,8}", 1_u16.., 1_u64..600, 1_u64..1024, any::<bool>());
    runner()
        .run(&values, |(host, port, seconds, megabytes, json)| {
            let format = if json { "json" } else { "text" };
            let yaml = format!(
                "replication: {{postgres: {{host: '{host}', port: {port}, connect_timeout: {seconds}s}}, \
                 watch: {{slot_warning: {megabytes}MB}}, log: {{format: {format}}}}}"
            );
            let first = load_text(&yaml).unwrap();
            let mut again = steep_config::Sources::none();
            for setting in explain(&first).iter().filter(|setting| !setting.origin.is_default()) {
                again = again.flag("--set", &setting.key, setting.value.clone().unwrap());
            }
            prop_assert_eq!(load_with("", again).unwrap().config, first.config);
            Ok(())
        })
        .unwrap();
}
