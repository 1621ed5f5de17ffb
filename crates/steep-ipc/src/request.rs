//! What a client may ask of a daemon.

use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// One question or command. A command that takes long answers with progress first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Request {
    /// Everything about this node and its links: [`crate::NodeStatus`].
    Status,
    /// The checks behind `/health`: [`crate::Health`].
    Health,
    /// Make this database the first node of a group.
    Init(Init),
    /// Let another daemon's database join the group of this one.
    NodeAdd(NodeAdd),
    /// Take a node out of the group, on every node that can be reached.
    NodeRemove(NodeRemove),
    /// All nodes of the group as this one knows them.
    NodeList,
    /// Stop applying the changes of all peers, until [`Request::Resume`].
    Pause,
    /// Apply again.
    Resume,
    /// The job that this daemon is running, or the last one.
    Job,
    /// Stop the running job and undo what it has done.
    JobCancel,
    /// Put tables under guard on every node.
    TableAdd(TableAdd),
    /// Take tables out of replication on every node.
    TableRemove {
        /// Qualified names, or patterns with `*` and `?`.
        tables: Vec<String>,
    },
    /// Every table of the database: replicated, or why not.
    TableList,
    /// Conflicts, newest first.
    ConflictList(ConflictFilter),
    /// One conflict, whole.
    ConflictShow {
        /// Its id on this node.
        id: i64,
    },
    /// Decide one pending conflict.
    ConflictResolve(ConflictResolve),
    /// Decide all pending conflicts that a filter selects.
    ConflictResolveBulk(ConflictResolveBulk),
    /// Take a decision back.
    ConflictRevert {
        /// Id of the conflict on this node.
        id: i64,
        /// Why, for the audit log.
        reason: Option<String>,
        /// Say what would happen, change nothing.
        dry_run: bool,
    },
    /// The subscriptions of this node.
    SubStatus,
    /// Enable the subscription to a peer.
    SubEnable {
        /// The peer's node id.
        peer: String,
    },
    /// Disable the subscription to a peer.
    SubDisable {
        /// The peer's node id.
        peer: String,
    },
    /// The slots that peers hold on this node.
    SlotStatus,
    /// How far the ids of this node's tables are.
    RangeStatus,
    /// Ranges that were granted, newest first.
    RangeHistory(RangeHistory),
    /// Get this node a further range of a table's ids.
    RangeAllocate(RangeAllocate),
    /// Get this node ranges until it has so many ids of a table left.
    RangeExpand {
        /// Qualified name.
        table: String,
        /// Ids that are to be left.
        ids: u64,
    },
    /// Give one of this node's ranges up for good.
    RangeRelease {
        /// Qualified name.
        table: String,
        /// The first id of the range.
        start: i64,
    },
    /// Let new sessions write any id, or check theirs again.
    RangeBypass(RangeBypass),
    /// Events from now on, until the client hangs up.
    Subscribe,
}

/// See [`Request::Init`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Init {
    /// Patterns of tables to replicate, `schema.table` with `*` and `?`; empty: all that can be.
    pub include: Vec<String>,
    /// Patterns of tables to leave out; wins over `include`.
    pub exclude: Vec<String>,
    /// Show the plan, change nothing.
    pub dry_run: bool,
}

/// See [`Request::NodeAdd`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeAdd {
    /// `host:port` of the joining node's daemon (gRPC).
    pub address: String,
    /// Tables copied at a time; none: as many as the joining machine has cores, at most 8.
    pub jobs: Option<u16>,
    /// Check everything, change nothing.
    pub dry_run: bool,
}

/// See [`Request::NodeRemove`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeRemove {
    /// Its node id.
    pub node: String,
    /// Remove it although it cannot be reached, or has changes that no other node has yet.
    pub force: bool,
}

/// See [`Request::TableAdd`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableAdd {
    /// Qualified names, or patterns with `*` and `?`.
    pub tables: Vec<String>,
    /// Strategy; none: the configuration's.
    pub strategy: Option<String>,
    /// Detection; none: the strategy's.
    pub detection: Option<String>,
    /// For `node_priority`: node ids, first wins.
    pub node_order: Option<Vec<String>>,
    /// Check on every node, change nothing.
    pub dry_run: bool,
}

/// See [`Request::RangeHistory`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RangeHistory {
    /// Qualified name; none: all tables.
    pub table: Option<String>,
    /// Only ranges of this node.
    pub node: Option<String>,
    /// At most so many, 1 to 1000.
    pub limit: u16,
}

/// See [`Request::RangeAllocate`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RangeAllocate {
    /// Qualified name.
    pub table: String,
    /// Ids; none: as many as an ordinary range of the table has.
    pub size: Option<u64>,
    /// Also from the ids at the end of the key's type, which are kept back.
    pub force: bool,
}

/// See [`Request::RangeBypass`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RangeBypass {
    /// Whether new sessions write any id.
    pub enable: bool,
    /// Whose sessions; none: all of the database.
    pub role: Option<String>,
    /// For how long sessions that begin get it; none: until it is disabled.
    pub seconds: Option<u64>,
}

/// Which conflicts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConflictFilter {
    /// `pending`, `resolved`, or none for all.
    pub state: Option<String>,
    /// Qualified name of a table.
    pub table: Option<String>,
    /// `conflict_type` of the log.
    pub conflict_type: Option<String>,
    /// Origin transaction id.
    pub origin_xid: Option<i64>,
    /// Detected at or after: RFC 3339.
    pub since: Option<String>,
    /// Detected before: RFC 3339.
    pub until: Option<String>,
    /// Ids below this one: the last id of the page before.
    pub before_id: Option<i64>,
    /// At most so many, 1 to 1000.
    pub limit: u16,
}

/// See [`Request::ConflictResolve`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConflictResolve {
    /// Id on this node.
    pub id: i64,
    /// `local`, `remote` or `merged`.
    pub choice: String,
    /// For `merged`: the row as JSON text.
    pub merged: Option<String>,
    /// Why, for the audit log.
    pub reason: Option<String>,
    /// Decide although the row has changed since.
    pub force: bool,
    /// Say what would happen, change nothing.
    pub dry_run: bool,
}

/// See [`Request::ConflictResolveBulk`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConflictResolveBulk {
    /// `local` or `remote`.
    pub choice: String,
    /// Which; at least one of table, origin transaction and times is given.
    pub filter: ConflictFilter,
    /// Why, for the audit log.
    pub reason: Option<String>,
    /// Say how many, change nothing.
    pub dry_run: bool,
}
