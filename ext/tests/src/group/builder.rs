//! What a group is to be, before it is.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use steep_testkit::{Clock, Major, Mesh, MeshBuilder, wait};

use super::{Group, literal, slot, subscription};
use crate::{DATABASE, Failure};

/// Describes a group; made by [`Group::builder`].
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `start`"]
pub struct GroupBuilder {
    mesh: MeshBuilder,
    priorities: BTreeMap<String, i32>,
}

impl Group {
    /// Describes a group of this many nodes of one major.
    pub fn builder(major: Major, nodes: usize) -> GroupBuilder {
        let mesh = Mesh::builder(major)
            .nodes(nodes)
            .with_extension()
            .setting("steep_repl.heartbeat_interval", "100ms")
            // What an apply worker wrote is confirmed only once it is flushed, and the WAL writer
            // does that; by default it would hold up every wait for a fifth of a second.
            .setting("wal_writer_delay", "10ms");
        GroupBuilder { mesh, priorities: BTreeMap::new() }
    }

    /// Starts a group of this many nodes with nothing special about it.
    ///
    /// # Errors
    /// As [`GroupBuilder::start`].
    pub fn start(major: Major, nodes: usize) -> Result<Self, Failure> {
        Self::builder(major, nodes).start()
    }
}

impl GroupBuilder {
    /// The priority of a node, by default 50 for all.
    pub fn priority(mut self, node: &str, priority: i32) -> Self {
        self.priorities.insert(node.to_owned(), priority);
        self
    }

    /// Sets a configuration parameter of every node.
    pub fn setting(mut self, name: &str, value: impl ToString) -> Self {
        self.mesh = self.mesh.setting(name, value);
        self
    }

    /// Gives every node a movable clock, which shows the machine's time at first.
    pub fn clock(mut self) -> Self {
        self.mesh = self.mesh.clock(Clock::Offset(0.0));
        self
    }

    /// Creates the nodes, makes them known to each other and subscribes each to every other.
    ///
    /// # Errors
    /// When a node does not start, a statement fails or a subscription does not run.
    pub fn start(self) -> Result<Group, Failure> {
        let mesh = self.mesh.start().map_err(Failure::new)?;
        let names = mesh.nodes().iter().map(|node| node.name().to_owned()).collect();
        let group = Group { mesh, names, sessions: Mutex::default(), tables: Mutex::default() };
        group.identify(&self.priorities)?;
        group.subscribe()?;
        Ok(group)
    }
}

impl Group {
    fn identify(&self, priorities: &BTreeMap<String, i32>) -> Result<(), Failure> {
        self.everywhere("create extension steep_repl")?;
        for name in self.names() {
            for node in self.nodes() {
                let priority = priorities.get(node.name()).copied().unwrap_or(50);
                let (id, port) = (literal(node.name()), node.port());
                self.execute(name, &format!(
                    "select steep_repl.register_node({id}, {id}, '127.0.0.1', {port}, {priority})"
                ))?;
            }
            self.execute(name, &format!("select steep_repl.set_node_id({})", literal(name)))?;
        }
        Ok(())
    }

    fn subscribe(&self) -> Result<(), Failure> {
        for (from, to) in self.pairs() {
            self.execute(to, &self.create_subscription(from, to))?;
            self.execute(to, &self.add_peer(from))?;
        }
        for (from, to) in self.pairs() {
            self.running(from, to)?;
        }
        Ok(())
    }

    /// The statement that subscribes `to` to `from`.
    #[must_use]
    pub fn create_subscription(&self, from: &str, to: &str) -> String {
        let conninfo = literal(&self.mesh.conninfo(from, to, DATABASE));
        format!(
            "create subscription {} connection {conninfo} publication steep_repl with (\
                slot_name = '{}', origin = none, copy_data = false, streaming = off, \
                two_phase = false, enabled = true)",
            subscription(from),
            slot(to)
        )
    }

    /// The statement that says whose writes the subscription delivers.
    #[must_use]
    pub fn add_peer(&self, from: &str) -> String {
        format!("select steep_repl.add_peer({}, '{}')", literal(from), subscription(from))
    }

    /// Waits until the subscription of `to` to `from` runs.
    ///
    /// # Errors
    /// When it does not.
    pub fn running(&self, from: &str, to: &str) -> Result<(), Failure> {
        let ready =
            wait::subscription_ready(self.node(to), DATABASE, &subscription(from), DEADLINE);
        ready.map_err(|error| self.failed(error))
    }
}

const DEADLINE: Duration = wait::DEADLINE;
