//! The status of the node, from what was found and how it was judged.

use std::collections::BTreeMap;

use steep_ipc::{Check, Health, NodeState, NodeStatus, PeerStatus, SlotStatus, SubscriptionStatus};
use steep_pg::nodes::Node;
use steep_pg::slots::Slot;
use steep_pg::subscriptions::Subscription;

use super::checks;
use super::facts::{Facts, NodeFacts};
use super::memory::Memory;
use super::peers::PeerHealth;
use crate::names::of_node as slot_of;

/// What a status is made of.
pub(super) struct Parts<'a> {
    /// What was found last, at this look or an earlier one.
    pub(super) facts: Option<&'a Facts>,
    pub(super) state: NodeState,
    pub(super) memory: &'a Memory,
    pub(super) peers: &'a BTreeMap<String, PeerHealth>,
    pub(super) checks: Vec<Check>,
    pub(super) daemon_version: &'a str,
    pub(super) checked_at: String,
    /// When PostgreSQL was last seen.
    pub(super) known_at: Option<String>,
}

pub(super) fn of(parts: Parts<'_>) -> NodeStatus {
    let facts = parts.facts;
    let node = facts.and_then(|facts| facts.node.as_ref());
    let node_id = facts.and_then(Facts::node_id).map(str::to_owned);
    let peers = node.map_or_else(Vec::new, |node| {
        node.peers().into_iter().map(|peer| peer_status(peer, node, &parts)).collect()
    });
    NodeStatus {
        node: node_id.clone(),
        state: parts.state,
        daemon_version: parts.daemon_version.to_owned(),
        extension_version: facts.and_then(|facts| facts.extension.installed.clone()),
        postgres_version: facts.map(|facts| facts.server.version.clone()),
        known_at: parts.known_at,
        uptime_seconds: 0,
        peers,
        replicated_tables: node.map_or(0, |node| node.replicated_tables),
        pending_conflicts: node.map_or(0, |node| node.pending_conflicts),
        health: Health {
            status: checks::worst(&parts.checks),
            node: node_id,
            checked_at: parts.checked_at,
            checks: parts.checks,
        },
        job: None,
    }
}

fn peer_status(peer: &Node, node: &NodeFacts, parts: &Parts<'_>) -> PeerStatus {
    let id = &peer.node_id;
    let health = parts.peers.get(id);
    let incoming = node.subscriptions.iter().find(|one| one.peer == *id);
    let outgoing = node.slots.iter().find(|slot| slot.name == slot_of(id));
    PeerStatus {
        node: id.clone(),
        name: peer.node_name.clone(),
        postgres: peer.postgres(),
        grpc: peer.grpc(),
        daemon_reachable: health.is_some_and(|health| health.is_reachable),
        incoming: incoming.map(|one| subscription_status(one, node, parts.memory)),
        outgoing: outgoing.map(|slot| slot_status(slot, id)),
        clock_offset_ms: health.and_then(|health| health.clock_offset_ms),
    }
}

fn subscription_status(
    subscription: &Subscription,
    node: &NodeFacts,
    memory: &Memory,
) -> SubscriptionStatus {
    let peer = &subscription.peer;
    let found = subscription.found.as_ref();
    let beat = node.heartbeats.iter().find(|beat| beat.node_id == *peer);
    let last_error = memory
        .failing_for(peer)
        .map(|_| memory.error_text(peer).unwrap_or("its text is in the server's log").to_owned());
    SubscriptionStatus {
        name: subscription.name.clone(),
        peer: peer.clone(),
        enabled: found.is_some_and(|found| found.is_enabled),
        running: found.is_some_and(|found| found.worker.is_some())
            && memory.looks_without_worker(peer) == 0,
        lag_seconds: beat.map(|beat| beat.age_seconds.max(0.0)),
        received_lsn: found.and_then(|found| found.received_lsn.clone()),
        apply_errors: found.map_or(0, |found| found.apply_errors),
        last_error,
    }
}

fn slot_status(slot: &Slot, peer: &str) -> SlotStatus {
    SlotStatus {
        name: slot.name.clone(),
        peer: peer.to_owned(),
        active: slot.is_active,
        retained_bytes: slot.retained_bytes,
        lag_bytes: slot.lag_bytes,
        wal_status: slot.wal_status.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::checks::samples;
    use super::*;

    #[test]
    fn both_directions_of_a_link_are_shown() {
        let facts = samples::healthy();
        let status = of(Parts {
            facts: Some(&facts),
            state: NodeState::Online,
            memory: &Memory::default(),
            peers: &BTreeMap::new(),
            checks: samples::judged(&facts),
            daemon_version: "0.1.0",
            checked_at: "2026-01-01T00:00:00.000Z".into(),
            known_at: None,
        });
        assert_eq!(status.node.as_deref(), Some("a"));
        assert_eq!(status.peers.len(), 1);
        let peer = &status.peers[0];
        assert_eq!((peer.node.as_str(), peer.name.as_str()), ("b", "node b"));
        let incoming = peer.incoming.as_ref().expect("a subscription");
        assert!(incoming.enabled && incoming.running);
        assert_eq!(incoming.lag_seconds, Some(0.5));
        assert_eq!(peer.outgoing.as_ref().map(|slot| slot.lag_bytes), Some(100));
    }
}
