use crate::clock::Clock;
use std::collections::VecDeque;
use steep_topology::{Acting, Condition, Durable, Topology};

/// A node: a machine, a disk, a clock, and the driver between them.
#[derive(Debug)]
pub(crate) struct Node {
    /// Nothing while the process is down.
    pub(crate) machine: Option<Topology>,
    /// What survives a crash.
    pub(crate) disk: Durable,
    /// Writes that were begun, in order, with when they are done.
    pub(crate) writing: VecDeque<Write>,
    pub(crate) clock: Clock,
    /// Counts starts: what belongs to an earlier one is not delivered.
    pub(crate) start: u64,
    /// The process is stopped until then, like by SIGSTOP.
    pub(crate) frozen_until: u64,
    /// It never comes back.
    pub(crate) is_destroyed: bool,
    pub(crate) condition: Condition,
    /// The slowest write, in microseconds.
    pub(crate) slowest_write: u64,
    /// When the timer rings; `u64::MAX`: it is not set.
    pub(crate) timer_at: u64,
    /// What the driver was told last: to act, or to stop.
    pub(crate) told: Option<Acting>,
    /// Blocks of ids it has granted so far, and the highest that it knows anybody granted.
    pub(crate) granted: u64,
    pub(crate) highest_block: u64,
}

/// A state on its way to the disk.
#[derive(Clone, Debug)]
pub(crate) struct Write {
    pub(crate) number: u64,
    pub(crate) state: Durable,
    pub(crate) done_at: u64,
}

impl Node {
    pub(crate) const FAST_DISK: u64 = 5_000;

    pub(crate) fn new(disk: Durable, clock: Clock) -> Self {
        Self {
            machine: None,
            disk,
            writing: VecDeque::new(),
            clock,
            start: 0,
            frozen_until: 0,
            is_destroyed: false,
            condition: Condition { postgres: true, caught_up: true },
            slowest_write: Self::FAST_DISK,
            timer_at: u64::MAX,
            told: None,
            granted: 0,
            highest_block: 0,
        }
    }

    pub(crate) const fn is_up(&self) -> bool {
        self.machine.is_some()
    }

    /// Whether it acts at that moment, as the contract says: by the clock.
    pub(crate) fn acting(&self, now: u64) -> Option<Acting> {
        self.machine.as_ref()?.is_acting(self.clock.monotonic(now))
    }
}
