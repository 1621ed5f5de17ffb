//! Facts for the tests of decisions: node `a` of a healthy pair with `b`.

use std::collections::BTreeMap;
use std::time::Duration;

use steep_ipc::Check;
use steep_pg::extension::Extension;
use steep_pg::heartbeats::Heartbeat;
use steep_pg::nodes::{LocalNode, Node};
use steep_pg::ranges::RangeFault;
use steep_pg::server_facts::ServerFacts;
use steep_pg::slots::Slot;
use steep_pg::subscriptions::{Found, Subscription};
use steep_pg::tables::{Fault, TriggerFault};

use super::{Inputs, Limits, Machine, judge};
use crate::ranges::Reports;
use crate::watch::facts::{Facts, NodeFacts};
use crate::watch::memory::Memory;
use crate::watch::peers::PeerHealth;

/// 1 GiB and 10 GiB.
pub(crate) const LIMITS: Limits =
    Limits { slot_warning: 1 << 30, slot_critical: 10 << 30, peer_threshold: 3 };

pub(crate) fn healthy() -> Facts {
    Facts {
        server: ServerFacts {
            version: "18.6".into(),
            version_num: 180_006,
            is_in_recovery: false,
            started_at: "2026-01-01T00:00:00.000000Z".into(),
            database: "app".into(),
            encoding: "UTF8".into(),
            collate: "C".into(),
            ctype: "C".into(),
            locale_provider: "libc".into(),
            system_identifier: Some("1".into()),
            user: "postgres".into(),
            is_superuser: true,
        },
        extension: Extension {
            installed: Some("0.2.0".into()),
            available: Some("0.2.0".into()),
            is_preloaded: true,
        },
        node: Some(NodeFacts {
            local: Some(LocalNode { node_id: "a".into(), mismatch: None }),
            nodes: vec![known("a"), known("b")],
            subscriptions: vec![Subscription {
                peer: "b".into(),
                name: "steep_repl_b".into(),
                found: Some(Found {
                    oid: 16_400,
                    is_enabled: true,
                    wrong_options: Vec::new(),
                    slot: Some("steep_repl_a".into()),
                    worker: Some(4711),
                    received_lsn: Some("0/3000000".into()),
                    applied_lsn: Some("0/3000000".into()),
                    latest_end_lsn: Some("0/3000000".into()),
                    last_message_at: None,
                    apply_errors: 0,
                    native_conflicts: Vec::new(),
                }),
            }],
            slots: vec![Slot {
                name: "steep_repl_b".into(),
                is_active: true,
                retained_bytes: 1 << 20,
                lag_bytes: 100,
                wal_status: "reserved".into(),
                safe_bytes: None,
                invalidation_reason: None,
            }],
            heartbeats: vec![beat("a"), beat("b")],
            replicated_tables: 3,
            settings: BTreeMap::from([("steep_repl.max_clock_skew".into(), "500".into())]),
            ..NodeFacts::default()
        }),
    }
}

fn known(id: &str) -> Node {
    Node {
        node_id: id.into(),
        node_name: format!("node {id}"),
        host: "127.0.0.1".into(),
        port: 5432,
        priority: 50,
        status: "unknown".into(),
        last_seen: None,
        grpc_host: None,
        grpc_port: None,
    }
}

fn beat(id: &str) -> Heartbeat {
    Heartbeat {
        node_id: id.into(),
        beat_at: "2026-01-01T00:00:00.000000Z".into(),
        age_seconds: 0.5,
        echo_age_seconds: Some(0.7),
    }
}

pub(crate) fn disabled_trigger() -> TriggerFault {
    TriggerFault {
        table: "public.t".into(),
        trigger: "steep_repl_guard".into(),
        fault: Fault::WrongMode,
        repair: Some("alter table public.t enable replica trigger steep_repl_guard".into()),
    }
}

pub(crate) fn lost_constraint() -> RangeFault {
    RangeFault {
        table: "public.t".into(),
        constraint: "steep_range_t".into(),
        repair: "select steep_repl.ensure_range_constraint(t) from steep_repl.range_tables t"
            .into(),
    }
}

pub(crate) fn node(facts: &mut Facts) -> &mut NodeFacts {
    facts.node.as_mut().expect("the sample has a node")
}

pub(crate) fn incoming(facts: &mut Facts) -> &mut Found {
    node(facts).subscriptions[0].found.as_mut().expect("the sample has a subscription")
}

/// Judged at a first look, with peers that were not asked yet.
pub(crate) fn judged(facts: &Facts) -> Vec<Check> {
    judged_with(facts, &BTreeMap::new())
}

pub(crate) fn judged_with(facts: &Facts, peers: &BTreeMap<String, PeerHealth>) -> Vec<Check> {
    let mut memory = Memory::default();
    memory.observe(Duration::ZERO, facts);
    let machine = Machine::default();
    let links = BTreeMap::new();
    let ranges = Reports::default();
    judge(&Inputs {
        look: Ok(facts),
        memory: &memory,
        peers,
        links: &links,
        machine: &machine,
        ranges: &ranges,
        limits: LIMITS,
    })
}
