//! A few nodes that hear each other at once, and disks that write at once: for histories that are
//! about what nodes decide together. Faults are `steep-sim`'s.
#![allow(unreachable_pub, reason = "a module of a test")]

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;
use steep_topology::{
    Action, Command, Condition, Durable, Event, Input, Mandate, Membership, Message, Settings,
    Topology,
};
use steep_types::{Instant, NodeId, Priority};

pub fn id(name: &str) -> NodeId {
    name.parse().unwrap()
}

pub fn settings() -> Settings {
    Settings::new(Duration::from_secs(1), Duration::from_secs(1), 3).unwrap()
}

/// Nodes by name. Their clocks are the same: what differs is `steep-sim`'s concern.
pub struct Group {
    pub now: Instant,
    nodes: BTreeMap<NodeId, Topology>,
    mail: VecDeque<(NodeId, NodeId, Message)>,
    /// Who gets nothing and says nothing.
    pub silent: BTreeSet<NodeId>,
    /// What all of them told, in order.
    pub told: Vec<(NodeId, Event)>,
    /// Who began to act with a quorum, in order, renewals left out.
    pub reigns: Vec<NodeId>,
}

impl Group {
    /// Founded with these members.
    pub fn found(members: &[(&str, i32)]) -> Self {
        let members = members.iter().map(|(name, priority)| (id(name), Priority::new(*priority)));
        let membership = Membership::found(members);
        let mut group = Self {
            now: Instant::from_micros(1),
            nodes: BTreeMap::new(),
            mail: VecDeque::new(),
            silent: BTreeSet::new(),
            told: Vec::new(),
            reigns: Vec::new(),
        };
        for name in membership.members.keys() {
            group.start(name.as_str(), Durable::found(membership.clone()));
        }
        group
    }

    pub fn start(&mut self, name: &str, durable: Durable) {
        let seed = self.nodes.len() as u64;
        let mut node = Topology::open(id(name), settings(), durable, seed, self.now);
        node.handle(self.now, Input::ConditionSeen(Condition { postgres: true, caught_up: true }));
        self.nodes.insert(id(name), node);
    }

    pub fn node(&self, name: &str) -> &Topology {
        &self.nodes[&id(name)]
    }

    pub fn see(&mut self, name: &str, condition: Condition) {
        let now = self.now;
        let node = self.nodes.get_mut(&id(name)).unwrap();
        node.handle(now, Input::ConditionSeen(condition));
    }

    pub fn command(&mut self, name: &str, command: Command) {
        let now = self.now;
        self.nodes.get_mut(&id(name)).unwrap().handle(now, Input::Commanded(command));
        self.settle();
    }

    /// Lets so many seconds pass.
    pub fn pass(&mut self, seconds: u64) {
        let end = self.now + Duration::from_secs(seconds);
        self.settle();
        while let Some(next) = self.nodes.values().filter_map(Topology::poll_timeout).min() {
            if next >= end {
                break;
            }
            self.now = self.now.max(next);
            let now = self.now;
            for node in self.nodes.values_mut() {
                node.handle_timeout(now);
            }
            self.settle();
        }
        self.now = end;
    }

    /// Executes and delivers until nothing is left to do at this moment.
    fn settle(&mut self) {
        loop {
            for name in self.nodes.keys().cloned().collect::<Vec<_>>() {
                self.execute(&name);
            }
            let Some((from, to, message)) = self.mail.pop_front() else { return };
            let now = self.now;
            if let Some(node) = self.nodes.get_mut(&to) {
                node.handle(now, Input::Received { from, message });
            }
        }
    }

    fn execute(&mut self, name: &NodeId) {
        let Some(node) = self.nodes.get_mut(name) else { return };
        while let Some(action) = node.poll_action() {
            match action {
                Action::Persist(number, _) => node.handle(self.now, Input::Persisted(number)),
                Action::Send(to, message)
                    if !self.silent.contains(name) && !self.silent.contains(&to) =>
                {
                    self.mail.push_back((name.clone(), to, message));
                }
                Action::Act(acting)
                    if acting.mandate != Mandate::Alone && self.reigns.last() != Some(name) =>
                {
                    self.reigns.push(name.clone());
                }
                Action::Tell(event) => self.told.push((name.clone(), event)),
                _ => {}
            }
        }
    }

    /// Who acts with a quorum now.
    pub fn coordinator(&self) -> Option<String> {
        let acts = |node: &Topology| {
            node.is_acting(self.now).is_some_and(|one| one.mandate != Mandate::Alone)
        };
        let acting: Vec<_> = self.nodes.iter().filter(|(_, node)| acts(node)).collect();
        assert!(acting.len() <= 1, "two act with a quorum");
        acting.first().map(|(name, _)| name.to_string())
    }

    pub fn has_told(&self, name: &str, event: &Event) -> bool {
        self.told.iter().any(|(who, what)| *who == id(name) && what == event)
    }
}
