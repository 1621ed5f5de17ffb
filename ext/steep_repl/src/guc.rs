//! The extension's settings. Their SQL-visible names all start with `steep_repl.`.

use crate::server;
use pgrx::guc::{GucContext, GucFlags, GucRegistry, GucSetting};
use std::time::Duration;

/// Lets inserted ids lie outside this node's identity ranges.
static BYPASS_RANGE_CHECK: GucSetting<bool> = GucSetting::<bool>::new(false);
/// Whether DDL of this session is captured for the other nodes.
static DDL_REPLICATION: GucSetting<bool> = GucSetting::<bool>::new(true);
/// Milliseconds between two heartbeats of this node.
static HEARTBEAT_INTERVAL_MS: GucSetting<i32> = GucSetting::<i32>::new(1_000);
/// Milliseconds a remote transaction may be stamped ahead of this node's clock.
static MAX_CLOCK_SKEW_MS: GucSetting<i32> = GucSetting::<i32>::new(1_000);

/// Minutes that a decided conflict stays in the log.
static CONFLICT_LOG_RETENTION: GucSetting<i32> = GucSetting::<i32>::new(43_200);

/// Whether PostgreSQL's own reports of conflicts go on in apply workers.
static LOG_NATIVE_CONFLICTS: GucSetting<bool> = GucSetting::<bool>::new(false);

/// Whether apply workers let PostgreSQL report in the server log what `conflict_log` says better.
pub(crate) fn log_native_conflicts() -> bool {
    LOG_NATIVE_CONFLICTS.get()
}

/// Whether ids that lie outside this node's ranges are accepted.
pub(crate) fn bypasses_range_check() -> bool {
    BYPASS_RANGE_CHECK.get()
}

/// How far in this node's future a remote transaction may be stamped.
pub(crate) fn max_clock_skew() -> Duration {
    Duration::from_millis(MAX_CLOCK_SKEW_MS.get().unsigned_abs().into())
}

/// The time between two heartbeats of this node.
pub(crate) fn heartbeat_interval() -> Duration {
    Duration::from_millis(HEARTBEAT_INTERVAL_MS.get().unsigned_abs().into())
}

/// An hour: a longer wait for a clock is an outage, not a skew.
const MAX_CLOCK_SKEW_LIMIT_MS: i32 = 3_600_000;
/// A minute: tombstones and lag figures age by a heartbeat, so it must stay short.
const HEARTBEAT_INTERVAL_LIMIT_MS: i32 = 60_000;
/// Ten milliseconds: below that the heartbeats themselves are the load.
const HEARTBEAT_INTERVAL_FLOOR_MS: i32 = 10;

/// Defines the settings and reserves the prefix, so that a misspelt `steep_repl.…` in a
/// configuration file is reported instead of silently kept.
pub(crate) fn register() {
    GucRegistry::define_bool_guc(
        c"steep_repl.bypass_range_check",
        c"Accepts inserted ids that lie outside this node's identity ranges.",
        c"Meant for bulk imports of rows whose ids were assigned elsewhere. Only roles with SET on this parameter may change it; its first use in a transaction is written to steep_repl.audit_log.",
        &BYPASS_RANGE_CHECK,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_bool_guc(
        c"steep_repl.ddl_replication",
        c"Captures schema changes of this session for the other nodes.",
        c"Turn it off for a statement that must stay on this node. Only roles with SET on this parameter may change it.",
        &DDL_REPLICATION,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_int_guc(
        c"steep_repl.heartbeat_interval",
        c"Time between two heartbeats that this node sends to its peers.",
        c"Heartbeats travel in the replication stream: they measure the real lag of each link and tell which writes are provably sequential.",
        &HEARTBEAT_INTERVAL_MS,
        HEARTBEAT_INTERVAL_FLOOR_MS,
        HEARTBEAT_INTERVAL_LIMIT_MS,
        GucContext::Sighup,
        GucFlags::UNIT_MS,
    );
    GucRegistry::define_int_guc(
        c"steep_repl.max_clock_skew",
        c"How far in this node's future a remote transaction may be stamped.",
        c"Up to this much the apply worker waits for the local clock to pass the remote timestamp, so that a write made after seeing another always has a later timestamp. Beyond it the apply worker stops with an error.",
        &MAX_CLOCK_SKEW_MS,
        0,
        MAX_CLOCK_SKEW_LIMIT_MS,
        GucContext::Sighup,
        GucFlags::UNIT_MS,
    );
    GucRegistry::define_int_guc(
        c"steep_repl.conflict_log_retention",
        c"How long a decided conflict stays in steep_repl.conflict_log; 0 keeps it for ever.",
        c"Conflicts that wait for a person stay whatever their age.",
        &CONFLICT_LOG_RETENTION,
        0,
        i32::MAX,
        GucContext::Sighup,
        GucFlags::UNIT_MIN,
    );
    GucRegistry::define_bool_guc(
        c"steep_repl.log_native_conflicts",
        c"Lets PostgreSQL itself report changes of rows that another origin wrote, in the server log.",
        c"From PostgreSQL 18 on its apply workers do so for each update and delete of such a row, also where the writes are in sequence. For tables under guard steep_repl.conflict_log says more, for less; before 18 the setting does nothing.",
        &LOG_NATIVE_CONFLICTS,
        GucContext::Sighup,
        GucFlags::default(),
    );
    server::reserve_setting_prefix();
}
