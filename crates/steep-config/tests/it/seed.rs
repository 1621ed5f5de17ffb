//! Every configuration of the feature guide is accepted as it is written there.

use crate::support::load_text;
use std::time::Duration;
use steep_config::{
    Channel, FailoverMode, NetworkProvider, PasswordSource, Permission, TopologyMode,
    without_effect,
};
use steep_conflict::Strategy;

#[test]
fn identity_ranges_are_read() {
    let loaded = load_text(include_str!("seed/identity_ranges.yaml")).unwrap();
    let ranges = loaded.config.identity_ranges;
    assert!(ranges.enabled);
    assert_eq!((ranges.default_range_size, ranges.threshold_percent), (10_000, 80));
    assert_eq!(ranges.tables["orders"].range_size, Some(100_000));
    assert!(ranges.tables["orders"].enabled && !ranges.tables["audit_log"].enabled);
}

#[test]
fn conflicts_are_read() {
    let loaded = load_text(include_str!("seed/conflicts.yaml")).unwrap();
    let conflicts = &loaded.config.conflicts;
    assert_eq!(conflicts.default_strategy, Strategy::LastWriteWins);
    assert_eq!(conflicts.tables["orders"].strategy, Strategy::Manual);
    let preferences = &conflicts.tables["customer_preferences"];
    assert_eq!(preferences.strategy, Strategy::NodePriority);
    let order: Vec<_> = preferences.priority.iter().map(|node| node.as_str()).collect();
    assert_eq!(order, ["node_a", "node_b"]);
    assert_eq!(without_effect(&loaded), Vec::<&_>::new());
}

#[test]
fn schema_changes_are_read() {
    let ddl = load_text(include_str!("seed/ddl.yaml")).unwrap().config.ddl;
    assert_eq!(ddl.require_approval, ["DROP TABLE", "ALTER TABLE DROP COLUMN", "TRUNCATE"]);
    assert_eq!(ddl, steep_config::Config::default().ddl);
}

#[test]
fn the_topology_is_read() {
    let topology = load_text(include_str!("seed/topology.yaml")).unwrap().config.topology;
    assert_eq!(topology.mode, TopologyMode::Mesh);
    assert_eq!(topology.this_node.name.unwrap().as_str(), "hq");
    assert_eq!(topology.this_node.priority.get(), 100);
    let [cloud] = topology.nodes.as_slice() else { panic!("one node is expected") };
    assert_eq!((cloud.name.as_str(), cloud.host.as_str()), ("cloud", "cloud.mynet.ts.net"));
    assert_eq!((cloud.port, cloud.grpc_port, cloud.priority.get()), (5432, 5433, 90));
    assert_eq!(topology.health_check.timeout, Duration::from_secs(10));
}

#[test]
fn roles_are_read() {
    let rbac = load_text(include_str!("seed/rbac.yaml")).unwrap().config.rbac;
    assert_eq!(rbac.roles["admin"].inherits.as_deref(), Some("operator"));
    assert!(rbac.roles["viewer"].permissions.contains(&Permission::ViewDdlQueue));
    assert_eq!(rbac.role_mapping["steep_ops"], "operator");
}

#[test]
fn notifications_are_read_and_their_secrets_hidden() {
    let loaded = load_text(include_str!("seed/notifications.yaml")).unwrap();
    let notifications = &loaded.config.notifications;
    let slack = notifications.channels.slack.as_ref().unwrap();
    assert_eq!(slack.webhook_url.reveal(), "https://hooks.slack.com/...");
    assert_eq!(notifications.routing["conflict_detected"].channels, [Channel::Slack]);
    assert!(!format!("{loaded:?}").contains("hooks.slack.com"));
}

#[test]
fn operation_is_read() {
    let loaded = load_text(include_str!("seed/operation.yaml")).unwrap();
    let config = &loaded.config;
    assert_eq!(config.validation.row_count.interval, Duration::from_secs(300));
    assert!((config.validation.row_count.alert_threshold_percent - 0.1).abs() < 1e-9);
    assert_eq!(config.validation.checksum.schedule, "0 3 * * *");
    assert_eq!(config.failover.mode, FailoverMode::Manual);
    assert_eq!(config.failover.automatic.grace_period, Duration::from_secs(30));
    assert_eq!(config.networking.provider, NetworkProvider::Tailscale);
    let hq = &config.credentials["hq"];
    assert_eq!(hq.user_env.as_deref(), Some("STEEP_HQ_USER"));
    assert_eq!(hq.password, Some(PasswordSource::Env("STEEP_HQ_PASSWORD".into())));
}

#[test]
fn what_has_no_effect_yet_is_said() {
    let yaml = include_str!("seed/operation.yaml");
    let loaded = load_text(yaml).unwrap();
    let keys: Vec<_> = without_effect(&loaded).iter().map(|setting| &*setting.key).collect();
    assert!(keys.contains(&"replication.failover.mode"), "{keys:?}");
    assert!(keys.contains(&"replication.credentials.hq.password_env"), "{keys:?}");
    assert!(keys.iter().all(|key| key.split('.').count() > 2), "{keys:?}");
    let plain = load_text("replication: {topology: {mode: mesh}, log: {level: debug}}").unwrap();
    assert_eq!(without_effect(&plain).len(), 0);
    let star = load_text("replication: {topology: {mode: star}}").unwrap();
    assert_eq!(without_effect(&star).len(), 1);
}
