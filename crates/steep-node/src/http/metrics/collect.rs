//! The samples of what is known right now.

use steep_ipc::{Level, NodeState};
use steep_pg::slots::PREFIX;

use super::catalog as m;
use super::text::Text;
use crate::names::of_node as slot_of;
use crate::watch::{Facts, Snapshot};

const STATES: [(&str, NodeState); 6] = [
    ("postgres_away", NodeState::PostgresAway),
    ("uninitialized", NodeState::Uninitialized),
    ("joining", NodeState::Joining),
    ("online", NodeState::Online),
    ("paused", NodeState::Paused),
    ("leaving", NodeState::Leaving),
];

/// All samples, in the order of [`m::CATALOG`].
pub(in crate::http) fn render(snapshot: &Snapshot) -> String {
    let mut text = Text::default();
    node(&mut text, snapshot);
    links(&mut text, snapshot);
    if let Some(facts) = &snapshot.facts {
        slots(&mut text, facts);
        conflicts(&mut text, facts);
    }
    ranges(&mut text, snapshot);
    peers(&mut text, snapshot);
    daemon(&mut text, snapshot);
    text.finish()
}

fn number(level: Level) -> f64 {
    match level {
        Level::Ok => 0.0,
        Level::Warning => 1.0,
        Level::Critical => 2.0,
    }
}

fn node(text: &mut Text, snapshot: &Snapshot) {
    let status = &snapshot.status;
    let or_none = |value: &Option<String>| value.clone().unwrap_or_default();
    let (extension, postgres) =
        (or_none(&status.extension_version), or_none(&status.postgres_version));
    let labels = [&status.daemon_version, &extension, &postgres, &or_none(&status.node)];
    text.sample(&m::BUILD, &labels.map(String::as_str), 1.0);
    text.flag(&m::POSTGRES_UP, &[], snapshot.is_postgres_reachable);
    for (name, state) in STATES {
        text.flag(&m::STATE, &[name], status.state == state);
    }
    text.sample(&m::HEALTH, &[], number(status.health.status));
    for check in &status.health.checks {
        text.sample(&m::CHECK, &[&check.name], number(check.level));
    }
}

fn links(text: &mut Text, snapshot: &Snapshot) {
    let peers = &snapshot.status.peers;
    let beats =
        snapshot.facts.iter().flat_map(|facts| &facts.node).flat_map(|node| &node.heartbeats);
    let beats: Vec<_> =
        beats.filter(|beat| peers.iter().any(|peer| peer.node == beat.node_id)).collect();
    for beat in beats {
        text.sample(&m::LAG_SECONDS, &[&beat.node_id, "incoming"], beat.age_seconds.max(0.0));
        if let Some(age) = beat.echo_age_seconds {
            text.sample(&m::LAG_SECONDS, &[&beat.node_id, "outgoing"], age.max(0.0));
        }
    }
    for peer in peers {
        if let Some(slot) = &peer.outgoing {
            text.count(&m::LAG_BYTES, &[&peer.node], slot.lag_bytes);
        }
    }
    for (peer, rate) in &snapshot.links.received_bytes_per_second {
        text.sample(&m::RECEIVED, &[peer], *rate);
    }
    for (peer, rate) in &snapshot.links.applied_bytes_per_second {
        text.sample(&m::APPLIED, &[peer], *rate);
    }
    let incoming: Vec<_> = peers.iter().filter_map(|peer| peer.incoming.as_ref()).collect();
    for one in &incoming {
        text.flag(&m::SUBSCRIPTION_ENABLED, &[&one.peer], one.enabled);
    }
    for one in &incoming {
        text.flag(&m::SUBSCRIPTION_RUNNING, &[&one.peer], one.running);
    }
    for one in &incoming {
        text.count(&m::APPLY_ERRORS, &[&one.peer], one.apply_errors);
    }
    for one in &incoming {
        text.flag(&m::APPLY_FAILING, &[&one.peer], one.last_error.is_some());
    }
}

fn slots(text: &mut Text, facts: &Facts) {
    let Some(node) = &facts.node else { return };
    let slots: Vec<_> = node
        .slots
        .iter()
        .filter(|slot| slot.name.starts_with(PREFIX))
        .map(|slot| {
            let peer = node.nodes.iter().find(|peer| slot_of(&peer.node_id) == slot.name);
            (slot, peer.map_or("", |peer| peer.node_id.as_str()))
        })
        .collect();
    for (slot, peer) in &slots {
        text.count(&m::SLOT_RETAINED, &[&slot.name, peer], slot.retained_bytes);
    }
    for (slot, peer) in &slots {
        text.flag(&m::SLOT_ACTIVE, &[&slot.name, peer], slot.is_active);
    }
    for (slot, peer) in &slots {
        text.flag(&m::SLOT_LOST, &[&slot.name, peer], slot.wal_status == "lost");
    }
}

fn conflicts(text: &mut Text, facts: &Facts) {
    let Some(node) = &facts.node else { return };
    for kind in &node.conflicts {
        let peer = kind.peer.as_deref().unwrap_or(&kind.subscription);
        for (outcome, count) in kind.by_outcome {
            text.count(&m::CONFLICTS, &[peer, &kind.conflict_type, outcome], count);
        }
    }
    text.count(&m::PENDING, &[], node.pending_conflicts);
    for one in &node.subscriptions {
        for (name, count) in one.found.iter().flat_map(|found| &found.native_conflicts) {
            text.count(&m::NATIVE, &[&one.peer, name.trim_start_matches("confl_")], *count);
        }
    }
    text.count(&m::TABLES, &[], node.replicated_tables);
    let faults = node.trigger_faults.len() + node.publication_faults.len();
    text.count(&m::GUARD_FAULTS, &[], u64::try_from(faults).unwrap_or(u64::MAX));
}

fn ranges(text: &mut Text, snapshot: &Snapshot) {
    let tables = &snapshot.ranges.tables;
    for one in tables {
        text.count(&m::RANGE_LEFT, &[&one.table], one.stock.left);
    }
    for one in tables {
        text.count(&m::RANGE_RESERVE, &[&one.table], one.stock.reserve);
    }
    for one in tables {
        let size = one.stock.range.map_or(0, |range| range.len());
        // What is used of nothing is all of it.
        #[allow(clippy::cast_precision_loss)]
        let used = if size == 0 { 1.0 } else { 1.0 - one.stock.left as f64 / size as f64 };
        text.sample(&m::RANGE_USED, &[&one.table], used);
    }
    for one in tables {
        #[allow(clippy::cast_precision_loss)]
        let rate = one.rate.millis_per_second() as f64 / 1000.0;
        text.sample(&m::RANGE_RATE, &[&one.table], rate);
    }
    for one in tables {
        text.count(&m::RANGE_GRANTS, &[&one.table], one.grants);
    }
    for one in tables {
        text.count(&m::RANGE_TABLE_LEFT, &[&one.table], one.outlook.left);
    }
    for one in tables {
        if let Some(lasts) = one.outlook.lasts {
            text.sample(&m::RANGE_TABLE_SECONDS, &[&one.table], lasts.as_secs_f64());
        }
    }
    if let Some(node) = snapshot.facts.as_ref().and_then(|facts| facts.node.as_ref()) {
        let faults = u64::try_from(node.range_faults.len()).unwrap_or(u64::MAX);
        text.count(&m::RANGE_FAULTS, &[], faults);
    }
}

fn peers(text: &mut Text, snapshot: &Snapshot) {
    for (peer, health) in &snapshot.links.peers {
        text.flag(&m::PEER_UP, &[peer], health.is_reachable);
    }
    for (peer, health) in &snapshot.links.peers {
        if let Some(offset) = health.clock_offset_ms {
            // Offsets of more than 2^53 ms are beyond any clock.
            #[allow(clippy::cast_precision_loss)]
            text.sample(&m::CLOCK, &[peer], offset as f64 / 1000.0);
        }
    }
}

fn daemon(text: &mut Text, snapshot: &Snapshot) {
    let pool = snapshot.pool;
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    text.count(&m::POOL_MAX, &[], count(pool.max));
    text.count(&m::POOL_OPEN, &[], count(pool.open));
    text.count(&m::POOL_IDLE, &[], count(pool.idle));
    text.count(&m::POOL_WAITING, &[], count(pool.waiting));
    text.count(&m::LOOKS, &[], snapshot.looks);
    text.count(&m::FAILED_LOOKS, &[], snapshot.failed_looks);
    text.sample(&m::LOOK_SECONDS, &[], snapshot.look_seconds);
}
