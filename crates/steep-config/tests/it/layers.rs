//! Which source wins, and what is told of it.

use crate::support::{environment, load_text, load_with};
use std::time::Duration;
use steep_config::{
    Config, ConfigError, Environment, LogLevel, Origin, PasswordSource, Sources, explain, load,
};

fn origin<'l>(loaded: &'l steep_config::Loaded, key: &str) -> &'l Origin {
    &explain(loaded).iter().find(|setting| setting.key == key).expect("the key").origin
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let yaml = "replication: {postgres: {host: f, user: f, database: f}, log: {level: warn}}";
    let sources = environment([
        ("STEEP_REPLICATION__POSTGRES__USER", "e"),
        ("STEEP_REPLICATION__POSTGRES__DATABASE", "e"),
    ])
    .flag("--database", "replication.postgres.database", "g");
    let loaded = load_with(yaml, sources).unwrap();
    let postgres = &loaded.config.postgres;
    assert_eq!((&*postgres.host, &*postgres.user, &*postgres.database), ("f", "e", "g"));
    assert_eq!((postgres.port, loaded.config.log.level), (5432, LogLevel::Warn));
    let file = Origin::File(loaded.file.clone().unwrap());
    assert_eq!(origin(&loaded, "replication.postgres.host"), &file);
    assert_eq!(
        origin(&loaded, "replication.postgres.user"),
        &Origin::Environment("STEEP_REPLICATION__POSTGRES__USER".into())
    );
    assert_eq!(
        origin(&loaded, "replication.postgres.database"),
        &Origin::Flag("--database".into())
    );
    assert!(origin(&loaded, "replication.postgres.port").is_default());
}

#[test]
fn variables_are_read_by_the_type_of_their_key() {
    let loaded = load(&environment([
        ("STEEP_REPLICATION__POSTGRES__USER", "007"),
        ("STEEP_REPLICATION__POSTGRES__DATABASE", "true"),
        ("STEEP_REPLICATION__POSTGRES__PORT", "6543"),
        ("STEEP_REPLICATION__WATCH__INTERVAL", "500ms"),
        ("STEEP_REPLICATION__TABLES__INCLUDE", "public.*, app.orders"),
        ("STEEP_REPLICATION__TABLES__EXCLUDE", "['a,b']"),
        ("STEEP_REPLICATION__TOPOLOGY__NODES", "[{name: b, host: b.lan}]"),
        ("STEEP_REPLICATION__CONFLICTS__TABLES__ORDERS__STRATEGY", "manual"),
        ("STEEP_REPLICATION__RBAC__ENABLED", "true"),
        ("STEEP_SERVERS_JSON", "/somewhere/else"),
    ]))
    .unwrap();
    let config = loaded.config;
    assert_eq!((&*config.postgres.user, &*config.postgres.database), ("007", "true"));
    assert_eq!(config.postgres.port, 6543);
    assert_eq!(config.watch.interval, Duration::from_millis(500));
    assert_eq!(config.tables.include, ["public.*", "app.orders"]);
    assert_eq!(config.tables.exclude, ["a,b"]);
    assert_eq!(config.topology.nodes[0].name.as_str(), "b");
    assert_eq!(config.conflicts.tables["orders"].strategy.name(), "manual");
    assert!(config.rbac.enabled);
}

#[test]
fn a_mistake_in_a_variable_names_the_variable() {
    let error = load(&environment([
        ("STEEP_REPLICATION__LOG__LEVEL", "loud"),
        ("STEEP_REPLICATION__POSTGRES", "x"),
        ("STEEP_REPLICATION__TABLES__INCLUDE", "[a"),
        ("STEEP_REPLICATION____X", "1"),
        ("STEEP_REPLICATION__HTTP__LISTNE", "1"),
    ]))
    .unwrap_err()
    .to_string();
    for part in [
        "environment variable STEEP_REPLICATION__LOG__LEVEL: replication.log.level: \"loud\" is not \
         allowed; expected one of error, warn, info, debug, trace",
        "environment variable STEEP_REPLICATION__POSTGRES: replication.postgres: \"x\" is not \
         allowed; expected a section with keys",
        "environment variable STEEP_REPLICATION__TABLES__INCLUDE: replication.tables.include: \
         expected YAML",
        "environment variable STEEP_REPLICATION____X: ",
        "replication.http.listne: unknown key; known here: listen (did you mean \"listen\"?)",
    ] {
        assert!(error.contains(part), "{part}\nis not in\n{error}");
    }
}

#[test]
fn a_flag_that_is_wrong_is_named() {
    let error = load(&Sources::none().flag("--http", "replication.http.listen", "here"));
    let text = error.unwrap_err().to_string();
    assert!(text.starts_with("flag --http: replication.http.listen: \"here\""), "{text}");
}

#[test]
fn the_file_that_was_asked_for_must_be_there_and_the_usual_one_need_not() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().to_str().unwrap();
    let variables = [("HOME", home), ("XDG_CONFIG_HOME", home), ("APPDATA", home)];
    let usual = Sources::with_environment(Environment::from_iter(variables)).usual_file();
    assert_eq!(load(&usual).unwrap().file, None);

    let missing = load(&Sources::none().file(folder.path().join("x.yaml"))).unwrap_err();
    assert!(matches!(missing, ConfigError::Unreadable { .. }));
    assert!(missing.hint().unwrap().contains("--config"));

    let path = steep_config::default_file(&Environment::from_iter(variables)).unwrap();
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, "replication: {log: {format: json}}").unwrap();
    let loaded = load(&usual).unwrap();
    assert_eq!(loaded.config.log.format.as_str(), "json");
    assert_eq!(loaded.file, Some(path));
}

#[test]
fn an_empty_file_and_keys_without_values_mean_the_defaults() {
    for empty in [
        "",
        "---\n",
        "# nothing\n",
        "replication:\n",
        "replication: {postgres: , tables: {include: }}",
    ] {
        assert_eq!(load_text(empty).unwrap().config, load_text("{}").unwrap().config, "{empty:?}");
    }
    assert_eq!(Config::default(), load(&Sources::none()).unwrap().config);
}

#[test]
fn explain_names_every_key_once() {
    let loaded = load_text(include_str!("seed/topology.yaml")).unwrap();
    let mut keys: Vec<_> = explain(&loaded).iter().map(|setting| setting.key.clone()).collect();
    assert!(keys.contains(&"replication.topology.nodes[0].grpc_port".into()), "{keys:?}");
    assert!(keys.contains(&"replication.data_dir".into()), "{keys:?}");
    let count = keys.len();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), count);
    let json = serde_json::to_value(explain(&loaded)).unwrap();
    assert_eq!(json[0]["key"], "replication.postgres.host");
    assert_eq!(json[0]["value"], "localhost");
    assert_eq!(json[0]["layer"], "default");
}

#[test]
fn a_stronger_layer_replaces_the_source_of_a_password() {
    let yaml = "replication: {postgres: {password_file: /f}}";
    let sources = environment([("STEEP_REPLICATION__POSTGRES__PASSWORD_ENV", "PW")]);
    let password = load_with(yaml, sources).unwrap().config.postgres.password;
    assert_eq!(password, Some(PasswordSource::Env("PW".into())));

    let yaml = "replication: {postgres: {password_env: PW}}";
    let sources = environment([("STEEP_REPLICATION__POSTGRES__PASSWORD_FILE", "/f")]);
    let password = load_with(yaml, sources).unwrap().config.postgres.password;
    assert_eq!(password, Some(PasswordSource::File("/f".into())));
}
