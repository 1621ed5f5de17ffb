//! What the watch knows right now.

use std::collections::BTreeMap;
use std::sync::Arc;

use steep_ipc::NodeStatus;
use steep_pg::PoolStatus;

use super::facts::Facts;
use super::peers::PeerHealth;
use crate::ranges::Reports;

/// What the watch knows right now; cheap to clone.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Everything about the node, but for the job and the uptime, which its server adds.
    pub status: Arc<NodeStatus>,
    /// What the last successful look found; none before there was one.
    pub facts: Option<Arc<Facts>>,
    /// What moves on the links.
    pub links: Arc<Links>,
    /// How many looks there were.
    pub looks: u64,
    /// How many of them failed.
    pub failed_looks: u64,
    /// How long the last one took, in seconds.
    pub look_seconds: f64,
    /// Whether the last look reached PostgreSQL.
    pub is_postgres_reachable: bool,
    /// The pool, as it was then.
    pub pool: PoolStatus,
    /// How the ids of this node's tables are.
    pub ranges: Arc<Reports>,
}

/// What moves on the links.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Links {
    /// Bytes of WAL a second that each peer's changes come with.
    pub received_bytes_per_second: BTreeMap<String, f64>,
    /// Bytes of each peer's WAL a second that are applied.
    pub applied_bytes_per_second: BTreeMap<String, f64>,
    /// The daemons of the peers.
    pub peers: BTreeMap<String, PeerHealth>,
}
