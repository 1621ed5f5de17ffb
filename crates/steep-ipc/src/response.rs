//! What a daemon answers.

use crate::status::{Health, JobStatus, NodeStatus, Progress, SlotStatus, SubscriptionStatus};
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// One frame from a daemon, after the greeting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reply", content = "body", rename_all = "snake_case")]
#[non_exhaustive]
#[allow(clippy::large_enum_variant, reason = "one at a time; boxes would burden every user")]
pub enum Reply {
    /// How far the command is; others follow.
    Progress(Progress),
    /// Something happened, to whoever subscribed; others follow.
    Event(Event),
    /// The answer; the next request may be sent.
    Done(Response),
    /// The request failed; the next one may be sent.
    Failed(Failure),
}

/// The answer to a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "response", content = "value", rename_all = "snake_case")]
#[non_exhaustive]
#[allow(clippy::large_enum_variant, reason = "one at a time; boxes would burden every user")]
pub enum Response {
    /// To `Status`.
    Status(NodeStatus),
    /// To `Health`.
    Health(Health),
    /// To `Init`, `NodeAdd`, `NodeRemove`, `TableAdd`, `TableRemove`: what was or would be done.
    Plan(Plan),
    /// To `NodeList`.
    Nodes(Vec<NodeEntry>),
    /// To `Job`.
    Job(Option<JobStatus>),
    /// To `TableList`.
    Tables(Vec<TableEntry>),
    /// To `ConflictList`.
    Conflicts(Vec<ConflictEntry>),
    /// To `ConflictShow`.
    Conflict(ConflictDetail),
    /// To `SubStatus`.
    Subscriptions(Vec<SubscriptionStatus>),
    /// To `SlotStatus`.
    Slots(Vec<SlotStatus>),
    /// To `RangeStatus`.
    Ranges(RangesStatus),
    /// To `RangeHistory`, `RangeAllocate`, `RangeExpand`, `RangeRelease`: ranges, newest first.
    RangeGrants(Vec<RangeGrant>),
    /// To commands that only succeed; says what was done.
    Message {
        /// For people.
        message: String,
    },
    /// To `ConflictResolve`, `ConflictResolveBulk`, `ConflictRevert`.
    Resolved {
        /// How many conflicts were, or would be, decided.
        count: u64,
        /// Whether nothing was changed.
        dry_run: bool,
        /// For people: each step.
        steps: Vec<String>,
    },
}

/// What is to be done, or was done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Whether it was carried out.
    pub done: bool,
    /// The steps, for people, in order.
    pub steps: Vec<String>,
    /// What speaks against it; if any, nothing was done.
    pub refusals: Vec<String>,
    /// What will not replicate, or deserves a look.
    pub warnings: Vec<String>,
    /// Tables that are, or will be, replicated or left out.
    pub tables: Vec<TableEntry>,
}

/// A node of the group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeEntry {
    /// Node id.
    pub node: String,
    /// Name for people.
    pub name: String,
    /// `host:port` of its PostgreSQL.
    pub postgres: String,
    /// `host:port` of its daemon.
    pub grpc: Option<String>,
    /// Priority.
    pub priority: i32,
    /// `status` of `steep_repl.nodes`.
    pub status: String,
    /// Whether it is the node that was asked.
    pub is_local: bool,
    /// When it last answered: RFC 3339.
    pub last_seen: Option<String>,
    /// Why somebody should look after its joining.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attention: Option<String>,
}

/// A table of the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableEntry {
    /// Qualified name, quoted where needed.
    pub table: String,
    /// `replicated`, `replicable`, `excluded`, `not_replicable`.
    pub class: String,
    /// Why it is not, or cannot be, replicated.
    pub reason: Option<String>,
    /// Strategy of a replicated table.
    pub strategy: Option<String>,
    /// Detection of a replicated table.
    pub detection: Option<String>,
    /// Rows, as the statistics estimate.
    pub estimated_rows: i64,
    /// Bytes of the table without its indexes.
    pub bytes: i64,
    /// How its generated keys are kept apart: `managed` (by identity ranges), `manageable` (they could be),
    /// `inherits` (by a table whose key is in this one's), `unmanaged` (conflicts are resolved).
    #[serde(default)]
    pub ids: Option<String>,
    /// Why they are not managed.
    #[serde(default)]
    pub ids_reason: Option<String>,
}

/// A line of the conflict list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConflictEntry {
    /// Id on this node.
    pub id: i64,
    /// When it was found: RFC 3339.
    pub detected_at: String,
    /// Qualified table.
    pub table: String,
    /// `conflict_type`.
    pub conflict_type: String,
    /// Key of the row, as JSON text.
    pub key: String,
    /// Node of the local version.
    pub local_node: Option<String>,
    /// Node of the remote version.
    pub remote_node: Option<String>,
    /// Strategy.
    pub strategy: String,
    /// Outcome as the log has it, `PENDING` for those that wait.
    pub resolution: String,
}

/// A conflict, whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConflictDetail {
    /// The line of the list.
    pub entry: ConflictEntry,
    /// The row of `steep_repl.conflict_log` as a JSON object.
    pub row: String,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When: RFC 3339, UTC.
    pub at: String,
    /// What, stable: `check_changed`, `state_changed`, `job_started`, `job_ended`, `repaired`, `lost`
    /// (the client was too slow and some events were left out).
    pub kind: String,
    /// About which node, peer or table.
    pub subject: String,
    /// For people.
    pub message: String,
}

/// How far the ids of a node's tables are.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RangesStatus {
    /// By name.
    pub tables: Vec<RangeStatus>,
    /// Whose new sessions write any id, for people.
    pub bypasses: Vec<String>,
}

/// How far the ids of a table are on one node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RangeStatus {
    /// Qualified name, quoted where needed.
    pub table: String,
    /// Column with the generated key.
    pub column: String,
    /// `ok`, `warning`, `critical` or `exhausted`.
    pub state: String,
    /// The id that was drawn last.
    pub current_id: Option<i64>,
    /// First and last id of the range that is drawn from.
    pub range: Option<(i64, i64)>,
    /// How much of it is used, in percent.
    pub percent_used: u8,
    /// Ids left in it.
    pub ids_left: u64,
    /// Ids in the ranges after it.
    pub reserve: u64,
    /// Ids that this node draws a second; none: not measured yet.
    pub ids_per_second: Option<f64>,
    /// How long what it has left lasts; none: nothing is drawn, or it is not known yet.
    pub lasts_seconds: Option<u64>,
    /// Ids that are left for all nodes together.
    pub table_ids_left: Option<u64>,
    /// How long those last, as far as it can be told.
    pub table_lasts_seconds: Option<u64>,
    /// What each node draws from, now or later.
    pub held: Vec<HeldRange>,
    /// After a restore: nodes that have not told yet what they know of this one's past.
    pub waits_for: Vec<String>,
    /// Why no further range was to be had, the last time.
    pub trouble: Option<String>,
}

/// Ids that a node draws from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldRange {
    /// The node.
    pub node: String,
    /// First id.
    pub first: i64,
    /// Last id.
    pub last: i64,
}

/// A range, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RangeGrant {
    /// Qualified name, quoted where needed.
    pub table: String,
    /// The node that draws from it.
    pub node: String,
    /// The node out of whose blocks it is.
    pub granter: String,
    /// First id.
    pub first: i64,
    /// Last id.
    pub last: i64,
    /// `granted`, `active`, `exhausted` or `released`.
    pub status: String,
    /// When it was granted: RFC 3339.
    pub granted_at: String,
}

/// Who has to do something about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// Nobody: it may work the next time.
    Transient,
    /// Another node, or the way to it.
    Peer,
    /// The operator: state, settings or permission refuse it.
    Operator,
    /// The caller: the request makes no sense.
    Misuse,
    /// The developers.
    Bug,
}

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Who has to do something.
    pub class: FailureClass,
    /// What failed: names the thing and the cause.
    pub message: String,
    /// The way out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// What failed, without anything that may be a row's data, if the message may have some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
}
