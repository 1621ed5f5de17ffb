//! The nodes of the group, as this one knows them.

use steep_ipc::{Level, NodeEntry};

use crate::watch::Snapshot;

pub(super) fn list(snapshot: &Snapshot) -> Vec<NodeEntry> {
    let Some(facts) = &snapshot.facts else { return Vec::new() };
    let local = facts.node_id();
    let entry = |node: &steep_pg::nodes::Node| NodeEntry {
        node: node.node_id.clone(),
        name: node.node_name.clone(),
        postgres: node.postgres(),
        grpc: node.grpc(),
        priority: node.priority,
        status: node.status.clone(),
        is_local: Some(node.node_id.as_str()) == local,
        last_seen: last_seen(node, snapshot),
        attention: attention(&node.node_id, snapshot),
    };
    facts.node.iter().flat_map(|known| &known.nodes).map(entry).collect()
}

/// What is the matter with a node that joins.
fn attention(node: &str, snapshot: &Snapshot) -> Option<String> {
    let name = format!("join:{node}");
    let checks = &snapshot.status.health.checks;
    let found = checks.iter().find(|check| check.name == name && check.level > Level::Ok)?;
    Some(match &found.hint {
        Some(hint) => format!("{}; {hint}", found.message),
        None => found.message.clone(),
    })
}

/// The latest of all signs of life; all are RFC 3339 in UTC, so that they compare as text.
fn last_seen(node: &steep_pg::nodes::Node, snapshot: &Snapshot) -> Option<String> {
    let known = snapshot.facts.as_ref()?.node.as_ref()?;
    let beat = known.heartbeats.iter().find(|beat| beat.node_id == node.node_id);
    let peer = snapshot.links.peers.get(&node.node_id);
    let answered = peer.and_then(|peer| peer.answered_at.clone());
    [node.last_seen.clone(), beat.map(|beat| beat.beat_at.clone()), answered]
        .into_iter()
        .flatten()
        .max()
}
