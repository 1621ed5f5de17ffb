//! What daemons say in these tests.

use steep_ipc::{
    Check, ConflictDetail, ConflictEntry, Failure, Health, HeldRange, JobStatus, Level, NodeEntry,
    NodeState, NodeStatus, PeerStatus, Plan, Progress, RangeGrant, RangeStatus, RangesStatus,
    SlotStatus, SubscriptionStatus, TableEntry,
};

const NOW: &str = "2026-03-01T12:00:00Z";

fn check(name: &str, level: Level, message: &str, hint: Option<&str>) -> Check {
    Check { name: name.into(), level, message: message.into(), hint: hint.map(Into::into) }
}

fn health(status: Level, checks: Vec<Check>) -> Health {
    Health { status, node: Some("hq".into()), checked_at: NOW.into(), checks }
}

pub(crate) fn healthy() -> Health {
    health(
        Level::Ok,
        vec![
            check("postgres", Level::Ok, "PostgreSQL 18.6 answers in 1 ms", None),
            check("subscription:cloud", Level::Ok, "applying, 0.4 s behind", None),
        ],
    )
}

pub(crate) fn unhealthy() -> Health {
    health(
        Level::Critical,
        vec![
            check("postgres", Level::Ok, "PostgreSQL 18.6 answers in 1 ms", None),
            check(
                "slot:cloud",
                Level::Warning,
                "1.2 GB of WAL are kept for cloud",
                Some("see why cloud does not read: steep-replctl sub status there"),
            ),
            check(
                "subscription:cloud",
                Level::Critical,
                "apply worker stopped:\nduplicate key value \x1b[31mviolates\x1b[0m",
                Some("mend the row, then steep-replctl sub enable cloud"),
            ),
        ],
    )
}

pub(crate) fn subscription() -> SubscriptionStatus {
    SubscriptionStatus {
        name: "steep_repl_cloud".into(),
        peer: "cloud".into(),
        enabled: true,
        running: true,
        lag_seconds: Some(0.42),
        received_lsn: Some("0/1A2B3C4D".into()),
        apply_errors: 0,
        last_error: None,
    }
}

pub(crate) fn failing_subscription() -> SubscriptionStatus {
    SubscriptionStatus {
        name: "steep_repl_berlin-1".into(),
        peer: "berlin-1".into(),
        running: false,
        lag_seconds: Some(4000.0),
        received_lsn: None,
        apply_errors: 1234,
        last_error: Some("permission denied for table orders".into()),
        ..subscription()
    }
}

pub(crate) fn slot() -> SlotStatus {
    SlotStatus {
        name: "steep_repl_cloud".into(),
        peer: "cloud".into(),
        active: true,
        retained_bytes: 1 << 20,
        lag_bytes: 512,
        wal_status: "reserved".into(),
    }
}

pub(crate) fn idle_slot() -> SlotStatus {
    SlotStatus {
        name: "steep_repl_berlin-1".into(),
        peer: "berlin-1".into(),
        active: false,
        retained_bytes: 12 << 30,
        lag_bytes: 12 << 30,
        wal_status: "unreserved".into(),
    }
}

fn peer() -> PeerStatus {
    PeerStatus {
        node: "cloud".into(),
        name: "cloud".into(),
        postgres: "cloud.lan:5432".into(),
        grpc: Some("cloud.lan:5433".into()),
        daemon_reachable: true,
        incoming: Some(subscription()),
        outgoing: Some(slot()),
        clock_offset_ms: Some(3),
    }
}

pub(crate) fn status() -> NodeStatus {
    NodeStatus {
        node: Some("hq".into()),
        state: NodeState::Online,
        daemon_version: "0.1.0".into(),
        extension_version: Some("0.1.0".into()),
        postgres_version: Some("18.6".into()),
        known_at: Some(NOW.into()),
        uptime_seconds: 11_520,
        peers: vec![peer()],
        replicated_tables: 12,
        pending_conflicts: 0,
        health: healthy(),
        job: None,
    }
}

pub(crate) fn fresh_status() -> NodeStatus {
    NodeStatus {
        node: None,
        state: NodeState::Uninitialized,
        extension_version: None,
        peers: Vec::new(),
        replicated_tables: 0,
        uptime_seconds: 5,
        health: Health { node: None, ..healthy() },
        ..status()
    }
}

/// Of a daemon that has not seen its PostgreSQL yet.
pub(crate) fn blind_status() -> NodeStatus {
    NodeStatus {
        state: NodeState::PostgresAway,
        postgres_version: None,
        known_at: None,
        ..fresh_status()
    }
}

pub(crate) fn troubled_status() -> NodeStatus {
    let berlin = PeerStatus {
        node: "berlin-1".into(),
        name: "Berlin".into(),
        daemon_reachable: false,
        incoming: Some(failing_subscription()),
        outgoing: Some(idle_slot()),
        clock_offset_ms: None,
        ..peer()
    };
    let new = PeerStatus { node: "new".into(), incoming: None, outgoing: None, ..peer() };
    NodeStatus {
        state: NodeState::Joining,
        peers: vec![peer(), berlin, new],
        pending_conflicts: 1234,
        health: unhealthy(),
        job: Some(job()),
        ..status()
    }
}

pub(crate) fn job() -> JobStatus {
    JobStatus {
        id: "j-17".into(),
        kind: "join".into(),
        state: "failed".into(),
        progress: copying("public.orders", 4),
        error: Some(
            Failure::peer("source hq hung up in the middle of public.orders")
                .with_hint("mend the cause and give steep-replctl node add again"),
        ),
    }
}

pub(crate) fn copying(table: &str, number: u64) -> Progress {
    Progress {
        step: "copying data".into(),
        step_number: 3,
        steps: 7,
        table: Some(table.into()),
        tables_done: number - 1,
        tables: 12,
        rows: 1_234_567,
        bytes: 340 << 20,
        bytes_total: 1 << 30,
        bytes_per_second: 45 << 20,
        seconds_left: Some(15),
    }
}

pub(crate) fn step(number: u32, step: &str) -> Progress {
    Progress { step: step.into(), step_number: number, steps: 7, ..Progress::default() }
}

pub(crate) fn nodes() -> Vec<NodeEntry> {
    let hq = NodeEntry {
        node: "hq".into(),
        name: "Headquarters".into(),
        postgres: "hq.lan:5432".into(),
        grpc: Some("hq.lan:5433".into()),
        priority: 100,
        status: "online".into(),
        is_local: true,
        last_seen: None,
        attention: None,
    };
    let cloud = NodeEntry {
        node: "cloud".into(),
        name: "cloud".into(),
        postgres: "cloud.lan:5432".into(),
        grpc: None,
        priority: 50,
        status: "unreachable".into(),
        is_local: false,
        last_seen: Some(NOW.into()),
        attention: None,
    };
    let lab = NodeEntry {
        node: "lab".into(),
        name: "lab".into(),
        status: "joining".into(),
        attention: Some("node lab began to join 2 h 1 min ago; look after it".into()),
        ..cloud.clone()
    };
    vec![hq, cloud, lab]
}

pub(crate) fn tables() -> Vec<TableEntry> {
    let orders = TableEntry {
        table: "public.orders".into(),
        class: "replicated".into(),
        reason: None,
        strategy: Some("last_write_wins".into()),
        detection: Some("default".into()),
        estimated_rows: 1_234_567,
        bytes: 340 << 20,
        ids: Some("managed".into()),
        ids_reason: None,
    };
    let log = TableEntry {
        table: "public.\"Größen 表\"".into(),
        class: "not_replicable".into(),
        reason: Some("it has no primary key".into()),
        strategy: None,
        detection: None,
        estimated_rows: -1,
        bytes: 8192,
        ids: None,
        ids_reason: None,
    };
    let notes = TableEntry {
        table: "public.notes".into(),
        ids: Some("unmanaged".into()),
        ids_reason: Some("its key id is of type uuid".into()),
        estimated_rows: 7,
        bytes: 8192,
        ..orders.clone()
    };
    vec![orders, log, notes]
}

pub(crate) fn ranges() -> RangesStatus {
    let held = |node: &str, first, last| HeldRange { node: node.into(), first, last };
    let orders = RangeStatus {
        table: "public.orders".into(),
        column: "id".into(),
        state: "ok".into(),
        current_id: Some(8_500),
        range: Some((1, 10_000)),
        percent_used: 85,
        ids_left: 1_500,
        reserve: 20_000,
        ids_per_second: Some(12.5),
        lasts_seconds: Some(1_720),
        table_ids_left: Some(2_147_400_000),
        table_lasts_seconds: Some(86_400 * 400),
        held: vec![held("cloud", 30_001, 40_000), held("hq", 1, 30_000)],
        waits_for: Vec::new(),
        trouble: None,
    };
    let lines = RangeStatus {
        table: "public.lines".into(),
        state: "exhausted".into(),
        current_id: None,
        range: None,
        percent_used: 100,
        ids_left: 0,
        reserve: 0,
        ids_per_second: None,
        lasts_seconds: None,
        table_ids_left: None,
        table_lasts_seconds: None,
        held: ["a", "b", "c", "d"].map(|_| held("cloud", 1, 2)).into(),
        waits_for: vec!["cloud".into(), "berlin-1".into()],
        trouble: Some("node cloud:\nowns no free id".into()),
        ..orders.clone()
    };
    let bypasses = vec!["sessions of role loader that begin from now on".into()];
    RangesStatus { tables: vec![lines, orders], bypasses }
}

pub(crate) fn grants() -> Vec<RangeGrant> {
    let grant = RangeGrant {
        table: "public.orders".into(),
        node: "hq".into(),
        granter: "cloud".into(),
        first: 10_001,
        last: 20_000,
        status: "active".into(),
        granted_at: NOW.into(),
    };
    let first = RangeGrant {
        granter: "hq".into(),
        first: 1,
        last: 10_000,
        status: "exhausted".into(),
        ..grant.clone()
    };
    vec![grant, first]
}

pub(crate) fn plan(done: bool) -> Plan {
    Plan {
        done,
        steps: vec!["create publication steep_repl".into(), "put 1 table under guard".into()],
        refusals: Vec::new(),
        warnings: vec!["positions of 2 sequences will not replicate".into()],
        tables: tables(),
    }
}

pub(crate) fn refused_plan() -> Plan {
    Plan {
        done: false,
        refusals: vec!["wal_level is replica: logical is needed, and a restart".into()],
        ..plan(false)
    }
}

pub(crate) fn conflicts() -> Vec<ConflictEntry> {
    let first = ConflictEntry {
        id: 42,
        detected_at: NOW.into(),
        table: "public.orders".into(),
        conflict_type: "UPDATE-UPDATE".into(),
        key: "{\"order_id\": 50432}".into(),
        local_node: Some("hq".into()),
        remote_node: Some("cloud".into()),
        strategy: "manual".into(),
        resolution: "PENDING".into(),
    };
    let second = ConflictEntry {
        id: 41,
        conflict_type: "INSERT-DELETE".into(),
        local_node: None,
        strategy: "last_write_wins".into(),
        resolution: "APPLIED_REMOTE".into(),
        ..first.clone()
    };
    vec![first, second]
}

pub(crate) fn conflict() -> ConflictDetail {
    let row = serde_json::json!({
        "id": 42,
        "subscription": "steep_repl_cloud",
        "origin_xid": 1_234_567,
        "mixed": false,
        "note": null,
        "local_xact_ts": "2026-03-01T11:59:50Z",
        "remote_xact_ts": "2026-03-01T11:59:52Z",
        "local_tuple": {"order_id": 50432, "status": "processing", "notes": "checking…\n\u{1b}[2J"},
        "remote_tuple": {"order_id": 50432, "status": "shipped", "updated_by": null},
    });
    ConflictDetail { entry: conflicts().remove(0), row: row.to_string() }
}
