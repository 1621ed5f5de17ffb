//! Every metric there is.

/// How a metric behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Goes up and down.
    Gauge,
    /// Only goes up, until whoever counts starts anew.
    Counter,
}

/// A metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// How it behaves.
    pub kind: Kind,
    /// What it is.
    pub help: &'static str,
    /// The names of its labels, in order.
    pub labels: &'static [&'static str],
}

macro_rules! metrics {
    ($($constant:ident = $kind:ident $name:literal [$($label:literal),*] $help:literal;)*) => {
        $(
            pub(super) const $constant: Metric =
                Metric { name: $name, kind: Kind::$kind, help: $help, labels: &[$($label),*] };
        )*
        /// Every metric, in the order in which they are written.
        pub const CATALOG: &[Metric] = &[$($constant),*];
    };
}

metrics! {
    BUILD = Gauge "steep_repl_build_info" ["version", "extension", "postgres", "node"]
        "Always 1; what runs here.";
    POSTGRES_UP = Gauge "steep_repl_postgres_up" []
        "1 if the last look reached PostgreSQL.";
    STATE = Gauge "steep_repl_node_state" ["state"]
        "1 for the state that the node is in, 0 for the others.";
    HEALTH = Gauge "steep_repl_health" []
        "Worst check: 0 ok, 1 warning, 2 critical.";
    CHECK = Gauge "steep_repl_check" ["check"]
        "Level of each check: 0 ok, 1 warning, 2 critical.";
    LAG_SECONDS = Gauge "steep_repl_link_lag_seconds" ["peer", "direction"]
        "Age of the newest heartbeat that arrived: of the peer here (incoming), of this node there (outgoing).";
    LAG_BYTES = Gauge "steep_repl_link_lag_bytes" ["peer"]
        "WAL of this node that the peer has not confirmed yet.";
    RECEIVED = Gauge "steep_repl_link_received_bytes_per_second" ["peer"]
        "WAL of the peer that arrives here.";
    APPLIED = Gauge "steep_repl_link_applied_bytes_per_second" ["peer"]
        "WAL of the peer whose changes have been applied here.";
    SUBSCRIPTION_ENABLED = Gauge "steep_repl_subscription_enabled" ["peer"]
        "1 if the subscription to the peer is enabled.";
    SUBSCRIPTION_RUNNING = Gauge "steep_repl_subscription_running" ["peer"]
        "1 if an apply worker runs for it.";
    APPLY_ERRORS = Counter "steep_repl_subscription_apply_errors_total" ["peer"]
        "Errors while applying, as PostgreSQL counts them.";
    APPLY_FAILING = Gauge "steep_repl_subscription_failing" ["peer"]
        "1 while an apply error is in the way.";
    SLOT_RETAINED = Gauge "steep_repl_slot_retained_bytes" ["slot", "peer"]
        "WAL that is kept for the slot.";
    SLOT_ACTIVE = Gauge "steep_repl_slot_active" ["slot", "peer"]
        "1 if somebody reads from the slot.";
    SLOT_LOST = Gauge "steep_repl_slot_lost" ["slot", "peer"]
        "1 if WAL that the slot needs is gone.";
    CONFLICTS = Counter "steep_repl_conflicts_total" ["peer", "type", "outcome"]
        "Conflicts by type and outcome; one that is decided later moves from PENDING.";
    PENDING = Gauge "steep_repl_conflicts_pending" []
        "Conflicts that wait for a person.";
    NATIVE = Counter "steep_repl_postgres_conflicts_total" ["peer", "type"]
        "Conflicts as PostgreSQL itself counts them (18 and later).";
    TABLES = Gauge "steep_repl_replicated_tables" []
        "Tables under guard.";
    GUARD_FAULTS = Gauge "steep_repl_guard_faults" []
        "Guard triggers and entries of the publication that are not as they were made.";
    RANGE_LEFT = Gauge "steep_repl_range_ids_left" ["table"]
        "Ids left in the range that this node draws from.";
    RANGE_RESERVE = Gauge "steep_repl_range_ids_in_reserve" ["table"]
        "Ids left in the ranges after it.";
    RANGE_USED = Gauge "steep_repl_range_used_ratio" ["table"]
        "Used of the range that this node draws from, 0 to 1.";
    RANGE_RATE = Gauge "steep_repl_range_ids_per_second" ["table"]
        "Ids that this node draws a second.";
    RANGE_GRANTS = Counter "steep_repl_range_grants_total" ["table"]
        "Ranges that this daemon has got for its node.";
    RANGE_TABLE_LEFT = Gauge "steep_repl_range_table_ids_left" ["table"]
        "Ids left for all nodes together.";
    RANGE_TABLE_SECONDS = Gauge "steep_repl_range_table_seconds_left" ["table"]
        "How long those last, at the rate of the last day.";
    RANGE_FAULTS = Gauge "steep_repl_range_constraint_faults" []
        "Constraints of tables with identity ranges that are not as they were made.";
    PEER_UP = Gauge "steep_repl_peer_up" ["peer"]
        "1 if the peer's daemon answered the last time.";
    CLOCK = Gauge "steep_repl_peer_clock_offset_seconds" ["peer"]
        "The peer's clock minus this one.";
    POOL_MAX = Gauge "steep_repl_pool_connections_max" []
        "Most connections of the pool.";
    POOL_OPEN = Gauge "steep_repl_pool_connections_open" []
        "Open connections of the pool.";
    POOL_IDLE = Gauge "steep_repl_pool_connections_idle" []
        "Open connections that nobody uses.";
    POOL_WAITING = Gauge "steep_repl_pool_waiting" []
        "Callers that wait for a connection.";
    LOOKS = Counter "steep_repl_looks_total" []
        "Looks at PostgreSQL.";
    FAILED_LOOKS = Counter "steep_repl_looks_failed_total" []
        "Looks that failed.";
    LOOK_SECONDS = Gauge "steep_repl_look_seconds" []
        "How long the last look took.";
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_prometheus_names_and_unique() {
        let names: BTreeSet<_> = CATALOG.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), CATALOG.len());
        for metric in CATALOG {
            assert!(metric.name.starts_with("steep_repl_"), "{}", metric.name);
            assert_eq!(
                metric.kind == Kind::Counter,
                metric.name.ends_with("_total"),
                "{}",
                metric.name
            );
        }
    }
}
