//! docs/reference/configuration.md says what is.

use crate::support::load_text;
use std::collections::BTreeMap;
use steep_config::{Sources, explain, load, without_effect};

const PAGE: &str = include_str!("../../../../docs/reference/configuration.md");

/// The keys of the page's table with their defaults.
fn documented() -> BTreeMap<String, &'static str> {
    let (_, keys) = PAGE.split_once("## Keys\n").expect("the section");
    let rows = keys.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.filter_map(|row| {
        let (key, rest) = row.split_once("` | ")?;
        Some((format!("replication.{key}"), rest.split_once(" | ")?.0))
    })
    .collect()
}

#[test]
fn every_key_is_documented_with_its_default() {
    let loaded = load(&Sources::none()).unwrap();
    let all = without_effect_sections();
    let existing: BTreeMap<String, String> = explain(&loaded)
        .iter()
        .filter(|setting| !all.iter().any(|section| setting.key.starts_with(section)))
        .map(|setting| (setting.key.clone(), setting.value.clone().unwrap_or("none".into())))
        .collect();
    let documented = documented().into_iter();
    let documented: BTreeMap<_, _> = documented.map(|(key, value)| (key, value.into())).collect();
    // The place of the lock file differs from system to system.
    let differs = |key: &String| cfg!(windows) && key == "replication.data_dir";
    let comparable = |map: BTreeMap<String, String>| -> Vec<_> {
        map.into_iter().filter(|(key, _)| !differs(key)).collect()
    };
    assert_eq!(comparable(documented), comparable(existing));
}

/// The sections that the page lists as without effect.
fn without_effect_sections() -> Vec<String> {
    let (_, text) = PAGE.split_once("and the\nsections ").expect("the list of sections");
    let (list, _) = text.split_once(". ").expect("the end of the list");
    let names = list.split('`').skip(1).step_by(2);
    names.map(|name| format!("replication.{name}.")).collect()
}

#[test]
fn the_sections_without_effect_are_those_of_the_page() {
    let yaml = "
replication:
  ddl: {exclude: []}
  rbac: {enabled: true}
  notifications: {routing: {x: {channels: []}}}
  validation: {enabled: true}
  failover: {enabled: true}
  networking: {provider: none}
  credentials: {hq: {user_env: X}}
";
    let loaded = load_text(yaml).unwrap();
    let idle = without_effect(&loaded);
    for section in without_effect_sections() {
        assert!(idle.iter().any(|setting| setting.key.starts_with(&section)), "{section}");
    }
    assert_eq!(without_effect_sections().len(), 7);
    assert!(idle.iter().all(|setting| {
        without_effect_sections().iter().any(|section| setting.key.starts_with(section))
    }));
}

#[test]
fn the_example_is_a_configuration() {
    let (_, rest) = PAGE.split_once("```yaml\n").expect("an example");
    let (example, _) = rest.split_once("```").expect("its end");
    let loaded = load_text(example).unwrap();
    assert_eq!(loaded.config.postgres.database, "shop");
    assert_eq!(without_effect(&loaded).len(), 0);
}
