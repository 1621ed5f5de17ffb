//! A group of nodes, step by step.

use crate::broken::Broken;
use crate::clock::Clock;
use crate::event::{Event, Queue};
use crate::invariants::{Invariant, Invariants, NoFlapping, Seen};
use crate::network::Network;
use crate::node::Node;
use crate::outcome::{Stats, Violation};
use crate::trace::Trace;
use crate::{Plan, Random};
use std::collections::BTreeMap;
use steep_topology::{Durable, Membership, MembershipId};
use steep_types::{NodeId, Priority};

/// The name of a node.
pub(crate) fn name(at: usize) -> NodeId {
    NodeId::new(&format!("n{at}")).expect("a letter and a number")
}

/// The node of a name.
pub(crate) fn at(name: &NodeId) -> usize {
    name.as_str()[1..].parse().expect("a name of this crate's")
}

pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) random: Random,
    /// True time, in microseconds. No node knows it.
    pub(crate) now: u64,
    pub(crate) nodes: Vec<Node>,
    pub(crate) names: Vec<NodeId>,
    pub(crate) network: Network,
    pub(crate) queue: Queue,
    pub(crate) invariants: Invariants,
    pub(crate) no_flapping: NoFlapping,
    pub(crate) trace: Trace,
    pub(crate) stats: Stats,
    pub(crate) violation: Option<Violation>,
    /// Every membership that any node ever wrote.
    pub(crate) memberships: BTreeMap<MembershipId, Membership>,
    /// Who is to be expelled, having been destroyed.
    pub(crate) to_expel: Option<usize>,
    /// Timers ring no more.
    pub(crate) is_timer_forgotten: bool,
    /// Blocks granted by whoever believes that all are the coordinator's.
    pub(crate) has_handed_over: bool,
}

impl World {
    /// `founders` nodes that belong to the group, and `spares` that could be added.
    pub(crate) fn new(plan: Plan, mut random: Random, founders: usize, spares: usize) -> Self {
        let is_equal = random.is(300);
        let priority = |at: usize| Priority::new(if is_equal { 50 } else { 90 - at as i32 });
        let membership = Membership::found((0..founders).map(|at| (name(at), priority(at))));
        let worst = if plan.broken == Some(Broken::ClocksBeyondTheBound) { 45 } else { 10 };
        let mut nodes = Vec::new();
        for at in 0..founders + spares {
            let disk =
                if at < founders { Durable::found(membership.clone()) } else { Durable::default() };
            let clock = Clock {
                begins_at: random.within(0, 1_000_000_000),
                rate: random.within(1_000_000 - worst * 10_000, 1_000_000 + worst * 10_000),
                wall_ahead: random.within(0, 20_000_000) as i64 - 10_000_000,
            };
            nodes.push(Node::new(disk, clock));
        }
        Self {
            network: Network::new(nodes.len()),
            names: (0..nodes.len()).map(name).collect(),
            plan,
            random,
            now: 0,
            nodes,
            queue: Queue::default(),
            invariants: Invariants::default(),
            no_flapping: NoFlapping::default(),
            trace: Trace::new(plan.traced),
            stats: Stats::default(),
            violation: None,
            memberships: BTreeMap::from([(membership.id, membership)]),
            to_expel: None,
            is_timer_forgotten: false,
            has_handed_over: false,
        }
    }

    /// Everything up to `until`, or to the first violation.
    pub(crate) fn run_to(&mut self, until: u64) {
        while self.violation.is_none() {
            let Some((at, event)) = self.queue.pop_before(until) else { break };
            self.now = at;
            self.stats.events += 1;
            self.happen(event);
        }
        self.now = self.now.max(until);
    }

    fn happen(&mut self, event: Event) {
        if let Some(node) = event.node() {
            let node = &self.nodes[node];
            if node.frozen_until > self.now {
                // A stopped process finds everything waiting when it goes on.
                self.queue.push(node.frozen_until, event);
                return;
            }
        }
        match event {
            Event::Deliver { to, from, start, message } => self.deliver(to, from, start, *message),
            Event::Timer { node } => self.ring(node),
            Event::Written { node, start } => self.written(node, start),
            Event::Crash { node } => self.crash_for_a_while(node),
            Event::Start { node } => self.start(node),
            Event::CaughtUp { node, start } => self.caught_up(node, start),
            Event::Fault => self.fault(),
            Event::Grant => self.grant(),
            Event::Nothing => {}
        }
    }

    pub(crate) fn violated(&mut self, invariant: Invariant, what: String) {
        if self.violation.is_none() {
            self.trace.line(self.now, format_args!("VIOLATED {invariant}: {what}"));
            self.violation = Some(Violation { invariant, what, at: self.now });
        }
    }

    pub(crate) fn check(&mut self, seen: &Seen<'_>) {
        if let Err((invariant, what)) = self.invariants.see(seen) {
            self.violated(invariant, what);
        }
    }

    /// The members by rank, worst first, as the newest membership has it.
    pub(crate) fn places(&self) -> Vec<usize> {
        let known = self.nodes.iter().map(|node| &node.disk.membership);
        let Some(newest) = known.max_by_key(|membership| membership.id) else { return Vec::new() };
        let mut members: Vec<_> = newest.members.iter().collect();
        members.sort_by_key(|(id, priority)| {
            (newest.promoted.as_ref() == Some(*id), **priority, core::cmp::Reverse(*id))
        });
        members.into_iter().map(|(id, _)| at(id)).collect()
    }
}
