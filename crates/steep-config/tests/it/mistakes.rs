//! What is wrong is said with its place, its key and what is allowed.

use crate::support::{load_text, problem, problems};
use steep_config::{ConfigError, Mistake};

#[test]
fn an_unknown_key_is_named_with_the_known_ones_and_the_nearest() {
    let (key, mistake) = problem("replication: {postgres: {prot: 5432}}");
    assert_eq!(key, "replication.postgres.prot");
    let Mistake::UnknownKey { nearest, known } = mistake else { panic!("{mistake:?}") };
    assert_eq!(nearest.as_deref(), Some("port"));
    assert!(known.contains(&"host".into()) && known.contains(&"password_env".into()), "{known:?}");
}

#[test]
fn unknown_keys_are_found_at_every_depth() {
    for (yaml, key) in [
        ("replicaton: {}", "replicaton"),
        ("replication: {posgres: {}}", "replication.posgres"),
        ("replication: {grpc: {tls: {ca: x}}}", "replication.grpc.tls.ca"),
        (
            "replication: {conflicts: {tables: {a: {startegy: manual}}}}",
            "replication.conflicts.tables.a.startegy",
        ),
        (
            "replication: {conflicts: {tables: {s.a: {x: 1}}}}",
            "replication.conflicts.tables.\"s.a\".x",
        ),
        (
            "replication: {topology: {nodes: [{name: a, host: b, x: 1}]}}",
            "replication.topology.nodes[0].x",
        ),
        (
            "replication: {notifications: {channels: {sms: {}}}}",
            "replication.notifications.channels.sms",
        ),
    ] {
        let (found, mistake) = problem(yaml);
        assert_eq!(found, key);
        assert!(matches!(mistake, Mistake::UnknownKey { .. }), "{mistake:?}");
    }
}

#[test]
fn wrong_values_are_named_with_what_is_allowed() {
    for (yaml, found, wanted) in [
        ("{postgres: {port: 70000}}", "70000", "a whole number from 1 to 65535"),
        ("{postgres: {port: 0}}", "0", "a whole number from 1 to 65535"),
        ("{postgres: {port: 54.32}}", "54.32", "a whole number from 1 to 65535"),
        ("{postgres: {host: [a]}}", "a list", "a text on one line"),
        ("{postgres: {user: 7}}", "7", "a text on one line (put it in quotes)"),
        ("{postgres: {host: \"\"}}", "\"\"", "a text on one line"),
        (
            "{postgres: {connect_timeout: 10}}",
            "10",
            "a length of time such as 5s, 10m or 1h from 1s to 10m",
        ),
        (
            "{postgres: {tls: {mode: full}}}",
            "\"full\"",
            "one of disable, prefer, require, verify-ca, verify-full",
        ),
        ("{log: {level: {}}}", "a section", "one of error, warn, info, debug, trace"),
        ("{log: x}", "\"x\"", "a section with keys"),
        (
            "{grpc: {listen: localhost}}",
            "\"localhost\"",
            "an address and a port such as 127.0.0.1:5433 or [::1]:5433",
        ),
        (
            "{watch: {slot_warning: 1}}",
            "1",
            "a size such as 64MB or 10GB (B, kB, MB, GB, TB; 1kB is 1024B)",
        ),
        ("{rbac: {enabled: yes}}", "\"yes\"", "true or false"),
        ("{topology: {nodes: {}}}", "a section", "a list of sections"),
        ("{topology: {nodes: [b]}}", "\"b\"", "a section with keys"),
        ("{tables: {include: a}}", "\"a\"", "a list, each item a text on one line"),
        (
            "{conflicts: {default_strategy: newest}}",
            "\"newest\"",
            "one of last_write_wins, first_write_wins, node_priority, keep_local, apply_remote, manual",
        ),
        ("{identity_ranges: {threshold_percent: 100}}", "100", "a whole number from 1 to 99"),
        ("{validation: {checksum: {sample_percent: 101}}}", "101", "a number from 0 to 100"),
    ] {
        let (_, mistake) = problem(&format!("replication: {yaml}"));
        let expected = Mistake::Value { found: Some(found.into()), wanted: wanted.into() };
        assert_eq!(mistake, expected, "{yaml}");
    }
}

#[test]
fn what_does_not_go_together_is_refused() {
    for (yaml, key, part) in [
        ("{grpc: {tls: {mode: off}}}", "grpc.tls.mode", "off is for loopback only"),
        ("{grpc: {tls: {cert_file: a}}}", "grpc.tls.cert_file", "without key_file"),
        ("{postgres: {tls: {mode: verify-ca}}}", "postgres.tls.mode", "needs ca_file"),
        ("{postgres: {peer_tls: {mode: verify-ca}}}", "postgres.peer_tls.mode", "needs ca_file"),
        (
            "{postgres: {peer_tls: {ca_file: ca.crt}}}",
            "postgres.peer_tls.ca_file",
            "not an absolute",
        ),
        ("{postgres: {password_env: A, password_file: b}}", "postgres.password_env", "both set"),
        ("{postgres: {password_command: \"'a\"}}", "postgres.password_command", "quote"),
        ("{postgres: {host: \"h:5432\"}}", "postgres.host", "not the name"),
        ("{watch: {slot_warning: 20GB}}", "watch.slot_warning", "above"),
        (
            "{topology: {this_node: {name: a}, nodes: [{name: a, host: b}]}}",
            "topology.nodes",
            "twice",
        ),
        ("{conflicts: {tables: {t: {priority: [a]}}}}", "conflicts.tables.t.priority", "no order"),
        (
            "{conflicts: {tables: {t: {strategy: node_priority, priority: [a, a]}}}}",
            "conflicts.tables.t.priority",
            "twice",
        ),
        ("{ddl: {exclude: [DROP TABLE]}}", "ddl.exclude", "two lists"),
        ("{rbac: {roles: {a: {inherits: b}}}}", "rbac.roles.a.inherits", "no role \"b\""),
        ("{rbac: {roles: {a: {inherits: a}}}}", "rbac.roles.a.inherits", "circle"),
        ("{rbac: {role_mapping: {x: y}}}", "rbac.role_mapping", "mapped to \"y\""),
        (
            "{notifications: {routing: {e: {channels: [slack]}}}}",
            "notifications.routing.e.channels",
            "no channel",
        ),
        ("{validation: {checksum: {schedule: daily}}}", "validation.checksum.schedule", "cron"),
    ] {
        let (found, mistake) = problem(&format!("replication: {yaml}"));
        assert_eq!(found, format!("replication.{key}"));
        assert!(mistake.to_string().contains(part), "{yaml}: {mistake}");
    }
    let full = problem("replication: {postgres: {tls: {mode: verify-full}}}").1.to_string();
    assert_eq!(full, "verify-full needs ca_file");
    assert!(load_text("replication: {postgres: {tls: {mode: require}}}").is_ok());
    let loopback = "replication: {grpc: {listen: '127.0.0.1:1', tls: {mode: off}}}";
    assert!(load_text(loopback).is_ok());
}

#[test]
fn what_must_be_given_is_said() {
    let found = problems("replication: {topology: {nodes: [{priority: 1}]}}");
    let keys: Vec<_> = found.iter().map(|problem| &*problem.key).collect();
    assert_eq!(keys, ["replication.topology.nodes[0].name", "replication.topology.nodes[0].host"]);
}

#[test]
fn all_mistakes_are_told_at_once() {
    let yaml = "
replication:
  postgres: {port: -1, password: hunter2}
  log: {level: loud}
  grpcs: {}
  watch: {interval: soon}
";
    let error = load_text(yaml).unwrap_err();
    let ConfigError::Invalid { problems } = &error else { panic!("{error:?}") };
    assert_eq!(problems.len(), 5, "{error}");
    let text = error.to_string();
    assert!(text.starts_with("the configuration has 5 mistakes\n"), "{text}");
    assert_eq!(text.matches("config.yaml: replication.").count(), 5, "{text}");
}
