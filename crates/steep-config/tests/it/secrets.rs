//! No secret gets into the configuration, and none out of it.

use crate::support::{environment, load_text, problems};
use steep_config::{
    Environment, Mistake, PasswordSource, Secret, SecretError, Sources, explain, load,
};

const PASSWORD: &str = "hunter2";

#[test]
fn a_password_in_the_file_is_refused_wherever_it_stands() {
    for yaml in [
        "{postgres: {password: hunter2}}",
        "{postgres: {PassWord: hunter2}}",
        "{postgres: {tls: {passphrase: hunter2}}}",
        "{password: hunter2}",
        "{credentials: {hq: {password: hunter2}}}",
        "{topology: {nodes: [{name: a, host: b, password: hunter2}]}}",
        "{notifications: {channels: {email: {smtp_host: x, password: hunter2}}}}",
        "{unheard_of: {deep: [{password: hunter2}]}}",
    ] {
        let found = problems(&format!("replication: {yaml}"));
        let secret = found.iter().find(|one| one.mistake == Mistake::PlaintextSecret);
        let hint = secret.unwrap_or_else(|| panic!("{yaml}: {found:?}")).hint().unwrap();
        assert!(hint.contains("password_env") && hint.contains("password_command"));
        assert!(!format!("{found:?}").contains(PASSWORD), "{yaml}: {found:?}");
    }
    let variable = environment([("STEEP_REPLICATION__POSTGRES__PASSWORD", PASSWORD)]);
    let error = load(&variable).unwrap_err();
    assert!(!format!("{error:?}{error}").contains(PASSWORD));
}

#[test]
fn a_table_may_be_called_password() {
    assert!(
        load_text("replication: {conflicts: {tables: {password: {strategy: manual}}}}").is_ok()
    );
}

#[test]
fn a_mistake_never_quotes_what_may_be_a_secret() {
    for yaml in [
        "{postgres: {host: 'postgres://steep:hunter2@db/shop'}}",
        "{postgres: {database: ['x']}, log: {level: 'host=db password=hunter2'}}",
        "{postgres: {password_env: 'hunter2 hunter2'}}",
        "{postgres: {password_command: \"echo 'hunter2\"}}",
        "{postgres: {password_command: ['echo', 'hunter2']}}",
        "{notifications: {channels: {slack: {webhook_url: [hunter2]}}}}",
        "{notifications: {channels: {pagerduty: {routing_key: \"hunter2\\n\"}}}}",
    ] {
        let found = problems(&format!("replication: {yaml}"));
        let shown: String =
            found.iter().map(|one| format!("{one} {one:?} {:?}", one.hint())).collect();
        assert!(!shown.contains(PASSWORD), "{yaml}: {shown}");
    }
}

#[test]
fn explain_and_debug_show_sources_only() {
    let yaml = "
replication:
  postgres: {password_command: 'vault read --token hunter2 db'}
  credentials: {hq: {password_command: 'echo hunter2'}}
  notifications: {channels: {slack: {webhook_url: 'https://x/hunter2'}, pagerduty: {routing_key: hunter2}}}
";
    let loaded = load_text(yaml).unwrap();
    let shown = format!("{loaded:?} {:?}", serde_json::to_string(explain(&loaded)).unwrap());
    assert!(!shown.contains(PASSWORD), "{shown}");
    let value = |key: &str| {
        explain(&loaded).iter().find(|setting| setting.key == key).unwrap().value.clone().unwrap()
    };
    assert_eq!(value("replication.postgres.password_command"), "vault …");
    assert_eq!(value("replication.notifications.channels.slack.webhook_url"), "(secret)");
}

#[test]
fn a_secret_does_not_show_itself() {
    let secret = Secret::new(PASSWORD);
    let json = serde_json::to_string(&secret).unwrap();
    assert!(!format!("{secret:?} {secret} {secret:>40} {json}").contains(PASSWORD));
    assert_eq!(secret.reveal(), PASSWORD);
}

#[test]
fn a_password_comes_from_a_variable() {
    let source = PasswordSource::Env("PW".into());
    let set = Environment::from_iter([("PW", PASSWORD)]);
    assert_eq!(source.resolve(&set).unwrap().reveal(), PASSWORD);
    for unset in [Environment::default(), Environment::from_iter([("PW", "")])] {
        let error = source.resolve(&unset).unwrap_err();
        assert!(matches!(&error, SecretError::Unset { name } if name == "PW"));
        assert!(error.hint().contains("PW"));
    }
    assert!(!format!("{set:?}").contains(PASSWORD));
}

#[test]
fn without_a_source_the_password_file_of_psql_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pgpass");
    let postgres = load(&Sources::none()).unwrap().config.postgres;
    let environment = Environment::from_iter([("PGPASSFILE", path.as_os_str())]);
    assert_eq!(postgres.password(&environment).unwrap(), None);
    std::fs::write(&path, "localhost:5432:*:postgres:hunter2\n").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let open = postgres.password(&environment);
        assert!(matches!(open, Err(SecretError::TooOpen { .. })) || umask_is_strict(&path));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    assert_eq!(postgres.password(&environment).unwrap().unwrap().reveal(), PASSWORD);
}

#[cfg(unix)]
fn umask_is_strict(path: &std::path::Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().expect("the file").permissions().mode() & 0o077 == 0
}
