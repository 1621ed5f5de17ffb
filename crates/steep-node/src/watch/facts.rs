//! What one look found, before anybody judges it.

use std::collections::BTreeMap;

use steep_pg::conflicts::Kind;
use steep_pg::extension::{Extension, Finding};
use steep_pg::heartbeats::Heartbeat;
use steep_pg::nodes::{Joining, LocalNode, Node};
use steep_pg::publication::PublicationFault;
use steep_pg::ranges::RangeFault;
use steep_pg::server_facts::ServerFacts;
use steep_pg::slots::Slot;
use steep_pg::subscriptions::{LoggedError, Subscription};
use steep_pg::tables::TriggerFault;

/// What one look at the database found.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// The server and the database.
    pub server: ServerFacts,
    /// The extension.
    pub extension: Extension,
    /// What depends on the extension; none where it is not installed, or not loaded.
    pub node: Option<NodeFacts>,
}

/// What is known of a database that has the extension.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NodeFacts {
    /// What keeps the server from replicating.
    pub findings: Vec<Finding>,
    /// Who the database says it is.
    pub local: Option<LocalNode>,
    /// Every node it knows.
    pub nodes: Vec<Node>,
    /// The nodes that join with the help of this one.
    pub joining: Vec<Joining>,
    /// The subscriptions to peers.
    pub subscriptions: Vec<Subscription>,
    /// The logical slots of this database.
    pub slots: Vec<Slot>,
    /// The newest heartbeat of each node.
    pub heartbeats: Vec<Heartbeat>,
    /// Guard triggers that are not as they were made.
    pub trigger_faults: Vec<TriggerFault>,
    /// What is wrong with the publication.
    pub publication_faults: Vec<PublicationFault>,
    /// Constraints of tables with identity ranges that are not as they were made.
    pub range_faults: Vec<RangeFault>,
    /// Tables under guard.
    pub replicated_tables: u64,
    /// Conflicts that wait for a person.
    pub pending_conflicts: u64,
    /// Conflicts by subscription and kind.
    pub conflicts: Vec<Kind>,
    /// Settings that matter, by name.
    pub settings: BTreeMap<String, String>,
    /// The last apply error in the server's log, by peer; only of subscriptions in trouble.
    pub logged_errors: BTreeMap<String, LoggedError>,
}

impl Facts {
    /// This node's id, once it has one.
    #[must_use]
    pub fn node_id(&self) -> Option<&str> {
        Some(self.node.as_ref()?.local.as_ref()?.node_id.as_str())
    }
}

impl NodeFacts {
    /// A setting that is a number.
    #[must_use]
    pub fn number(&self, setting: &str) -> Option<i64> {
        self.settings.get(setting)?.parse().ok()
    }

    /// What this node knows of another.
    #[must_use]
    pub fn node(&self, node_id: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.node_id == node_id)
    }

    /// Where this node is in its life, as `steep_repl.nodes` has it.
    #[must_use]
    pub fn own_status(&self) -> Option<&str> {
        Some(self.node(&self.local.as_ref()?.node_id)?.status.as_str())
    }

    /// Whether the link to this peer is being taken down: one of the two leaves the group.
    #[must_use]
    pub fn is_parting_from(&self, peer: &str) -> bool {
        let leaves = |status| matches!(status, "leaving" | "removed");
        self.own_status().is_some_and(leaves)
            || self.node(peer).is_some_and(|peer| leaves(peer.status.as_str()))
    }

    /// The peers: whoever is subscribed to, and whoever else belongs to the group.
    #[must_use]
    pub fn peers(&self) -> Vec<&Node> {
        let local = self.local.as_ref().map(|local| local.node_id.as_str());
        self.nodes
            .iter()
            .filter(|node| Some(node.node_id.as_str()) != local && node.status != "removed")
            .collect()
    }
}
