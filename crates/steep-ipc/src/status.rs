//! What a daemon says of its node.

use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// How well something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// As it should be.
    Ok,
    /// Replication goes on, but someone should look.
    Warning,
    /// Something does not work.
    Critical,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What, stable: `postgres`, `extension`, `settings`, `subscription:<peer>`, `slot:<peer>`,
    /// `join:<node>`, `guard`, `clock:<peer>`, `peer:<peer>`, `certificate`, `disk`, `conflicts`, ….
    pub name: String,
    /// How it is.
    pub level: Level,
    /// What is the matter, or what is well.
    pub message: String,
    /// The way out, if there is something to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// All checks, and the worst of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// The worst level of any check.
    pub status: Level,
    /// This node's id, once it has one.
    pub node: Option<String>,
    /// When this was true: RFC 3339, UTC.
    pub checked_at: String,
    /// Each check.
    pub checks: Vec<Check>,
}

/// Where a node is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeState {
    /// PostgreSQL cannot be reached: what follows is what was last known.
    PostgresAway,
    /// The database belongs to no group yet.
    Uninitialized,
    /// It is being filled from another node.
    Joining,
    /// It replicates.
    Online,
    /// Somebody paused it.
    Paused,
    /// It is being taken out.
    Leaving,
}

/// Everything about one node, as its daemon sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NodeStatus {
    /// Node id, once it has one.
    pub node: Option<String>,
    /// Where it is in its life.
    pub state: NodeState,
    /// Version of the daemon.
    pub daemon_version: String,
    /// Version of the extension in the database.
    pub extension_version: Option<String>,
    /// `server_version`.
    pub postgres_version: Option<String>,
    /// When PostgreSQL was last seen: RFC 3339, UTC. None since the daemon started: then neither the
    /// node nor anything else of the database is known.
    #[serde(default)]
    pub known_at: Option<String>,
    /// Seconds since the daemon started.
    pub uptime_seconds: u64,
    /// The links to its peers.
    pub peers: Vec<PeerStatus>,
    /// Tables under guard.
    pub replicated_tables: u64,
    /// Conflicts that wait for a person.
    pub pending_conflicts: u64,
    /// Health of this node.
    pub health: Health,
    /// The job that runs, or the last one.
    pub job: Option<JobStatus>,
}

/// A peer and both directions of the link to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PeerStatus {
    /// Its node id.
    pub node: String,
    /// Its name for people.
    pub name: String,
    /// `host:port` of its PostgreSQL.
    pub postgres: String,
    /// `host:port` of its daemon.
    pub grpc: Option<String>,
    /// Whether its daemon answered the last time it was asked.
    pub daemon_reachable: bool,
    /// From the peer to this node.
    pub incoming: Option<SubscriptionStatus>,
    /// From this node to the peer.
    pub outgoing: Option<SlotStatus>,
    /// Its clock minus this one, in milliseconds, as far as the round trip allows.
    pub clock_offset_ms: Option<i64>,
}

/// A subscription of this node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SubscriptionStatus {
    /// Its name.
    pub name: String,
    /// The peer whose changes it brings.
    pub peer: String,
    /// Whether it is enabled.
    pub enabled: bool,
    /// Whether an apply worker runs.
    pub running: bool,
    /// Age of the newest heartbeat of the peer that was applied, in seconds.
    pub lag_seconds: Option<f64>,
    /// Up to where it has received, as `X/Y`.
    pub received_lsn: Option<String>,
    /// Apply errors since the statistics were reset.
    pub apply_errors: u64,
    /// The last apply error that is still in the way.
    pub last_error: Option<String>,
}

/// A slot that a peer holds on this node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotStatus {
    /// Its name.
    pub name: String,
    /// The peer that reads from it.
    pub peer: String,
    /// Whether somebody is connected.
    pub active: bool,
    /// WAL that is kept for it, in bytes.
    pub retained_bytes: u64,
    /// WAL written and not yet confirmed, in bytes.
    pub lag_bytes: u64,
    /// `wal_status` of `pg_replication_slots`.
    pub wal_status: String,
}

/// A long job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobStatus {
    /// Its id.
    pub id: String,
    /// `init`, `join`, `remove`.
    pub kind: String,
    /// `running`, `done`, `failed`, `cancelled`, `undoing`.
    pub state: String,
    /// Where it is.
    pub progress: Progress,
    /// Why it failed.
    pub error: Option<crate::Failure>,
}

/// How far a job is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// The step, for people: `copying data`.
    pub step: String,
    /// Number of the step, from 1.
    pub step_number: u32,
    /// How many steps there are.
    pub steps: u32,
    /// Table that is being worked on.
    pub table: Option<String>,
    /// Tables done.
    pub tables_done: u64,
    /// Tables in all.
    pub tables: u64,
    /// Rows done.
    pub rows: u64,
    /// Bytes done.
    pub bytes: u64,
    /// Bytes in all, as far as the catalogs know.
    pub bytes_total: u64,
    /// Bytes a second, lately.
    pub bytes_per_second: u64,
    /// Seconds left, as far as can be said.
    pub seconds_left: Option<u64>,
}
