use super::check_host;
use crate::reader::{Section, choices};
use std::collections::BTreeSet;
use std::time::Duration;
use steep_types::{NodeId, Priority};

/// This node among the others.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Topology {
    /// Who replicates with whom.
    pub mode: TopologyMode,
    /// This node.
    pub this_node: ThisNode,
    /// The others.
    pub nodes: Vec<Node>,
    /// How they are looked after.
    pub health_check: HealthCheck,
}

choices! {
    /// Who replicates with whom.
    TopologyMode {
        /// Everybody with everybody.
        Mesh = "mesh",
        /// Everybody with one.
        Star = "star",
    }
}

/// This node, as it tells the others.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ThisNode {
    /// Its node id.
    pub name: Option<NodeId>,
    /// Its priority.
    pub priority: Priority,
    /// Where peers reach its PostgreSQL.
    pub host: Option<String>,
    /// The port there; none: `postgres.port`.
    pub port: Option<u16>,
    /// Where peers reach its daemon; none: `host`.
    pub grpc_host: Option<String>,
    /// The port there; none: the port of `grpc.listen`.
    pub grpc_port: Option<u16>,
}

/// Another node.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Node {
    /// Its node id.
    pub name: NodeId,
    /// Where its PostgreSQL is reached.
    pub host: String,
    /// The port there.
    pub port: u16,
    /// The port of its daemon on the same host.
    pub grpc_port: u16,
    /// Its priority.
    pub priority: Priority,
}

/// How nodes look after each other.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HealthCheck {
    /// Time from one look to the next.
    pub interval: Duration,
    /// When a look counts as failed.
    pub timeout: Duration,
    /// So many failed looks in a row make a node unhealthy.
    pub unhealthy_threshold: u32,
}

/// Whole-number priorities as `steep_repl.nodes` takes them.
fn priority(section: &Section<'_>) -> Priority {
    Priority::new(section.value("priority", Priority::default().get()))
}

impl Topology {
    pub(crate) fn read(section: &Section<'_>) -> Self {
        let mode = section.value("mode", TopologyMode::Mesh);
        let this_node = ThisNode::read(&section.section("this_node"));
        let nodes = section.records("nodes").iter().filter_map(Node::read).collect();
        let health_check = HealthCheck::read(&section.section("health_check"));
        let read = Self { mode, this_node, nodes, health_check };
        read.check_names(section);
        read
    }

    fn check_names(&self, section: &Section<'_>) {
        let mut seen: BTreeSet<&NodeId> = self.this_node.name.iter().collect();
        for node in &self.nodes {
            if !seen.insert(&node.name) {
                let message = format_args!("node name \"{}\" is given twice", node.name);
                section.reject("nodes", message, Some("each node has a name of its own"));
            }
        }
    }
}

impl ThisNode {
    fn read(section: &Section<'_>) -> Self {
        let read = Self {
            name: section.optional("name"),
            priority: priority(section),
            host: section.optional("host"),
            port: section.optional_within("port", 1..=u16::MAX),
            grpc_host: section.optional("grpc_host"),
            grpc_port: section.optional_within("grpc_port", 1..=u16::MAX),
        };
        for (key, host) in [("host", &read.host), ("grpc_host", &read.grpc_host)] {
            if let Some(host) = host {
                check_host(section, key, host);
            }
        }
        read
    }
}

impl Node {
    fn read(section: &Section<'_>) -> Option<Self> {
        let (name, host) = (section.required("name"), section.required::<String>("host"));
        let port = section.within("port", 5432, 1..=u16::MAX);
        let grpc_port = section.within("grpc_port", 5433, 1..=u16::MAX);
        let priority = priority(section);
        if let Some(host) = &host {
            check_host(section, "host", host);
        }
        Some(Self { name: name?, host: host?, port, grpc_port, priority })
    }
}

impl HealthCheck {
    fn read(section: &Section<'_>) -> Self {
        let seconds = Duration::from_secs;
        Self {
            interval: section.within("interval", seconds(5), seconds(1)..=seconds(3600)),
            timeout: section.within("timeout", seconds(10), seconds(1)..=seconds(600)),
            unhealthy_threshold: section.within("unhealthy_threshold", 3, 1..=1000),
        }
    }
}
