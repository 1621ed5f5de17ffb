use core::time::Duration;

/// What a node knows of itself; its driver tells it with
/// [`Input::ConditionSeen`](crate::Input::ConditionSeen).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    /// Its PostgreSQL answers, so that something can be written down.
    pub postgres: bool,
    /// It has applied what its peers had committed a short while ago, so that it may coordinate.
    pub caught_up: bool,
}

/// How far the replication stream from one node to another is, as its receiver sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stream {
    /// The subscription's worker runs.
    pub is_running: bool,
    /// How old the newest change is that has been applied; nothing is known without a heartbeat.
    pub lag: Option<Duration>,
}

/// What a node tells a peer in each exchange. It does not grow with the group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The teller's PostgreSQL answers.
    pub postgres: bool,
    /// The teller could coordinate now: it can write, has caught up, reaches a quorum, and
    /// has promised nothing to anybody but the coordinator.
    pub is_ready: bool,
    /// The stream from the peer that is told, to the teller.
    pub stream: Stream,
}

/// A reading of a node's wall clock, microseconds since 1970-01-01 UTC.
///
/// It may be wrong, and set at any moment. It is compared with other nodes' and told to people;
/// nothing is decided by it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WallClock(pub i64);
