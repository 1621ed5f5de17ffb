//! Several clusters, every one of which reaches every other through a proxy.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};

use crate::clock::Clock;
use crate::cluster::{ClusterError, PgCluster, PgClusterBuilder};
use crate::proxy::{Direction, Proxy, ProxyError};
use crate::servers::Major;

/// Why there is no mesh.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MeshError {
    /// One of the clusters failed.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// One of the links failed.
    #[error(transparent)]
    Proxy(#[from] ProxyError),
    /// There are names for 26 nodes.
    #[error("a mesh of {count} nodes was asked for; it can have 1 to 26")]
    Size {
        /// How many were asked for.
        count: usize,
    },
}

/// Describes a mesh; made by [`Mesh::builder`].
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `start`"]
pub struct MeshBuilder {
    template: PgClusterBuilder,
    majors: Vec<Major>,
}

impl MeshBuilder {
    /// This many nodes, all of the builder's major; two by default.
    pub fn nodes(mut self, count: usize) -> Self {
        self.majors = vec![self.template.major(); count];
        self
    }

    /// One node of each of these majors.
    pub fn majors(mut self, majors: &[Major]) -> Self {
        self.majors = majors.to_vec();
        self
    }

    /// Sets a configuration parameter of every node.
    pub fn setting(mut self, name: &str, value: impl ToString) -> Self {
        self.template = self.template.setting(name, value);
        self
    }

    /// Gives every node a clock of its own.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.template = self.template.clock(clock);
        self
    }

    /// Loads the `steep_repl` library on every node.
    pub fn with_extension(mut self) -> Self {
        self.template = self.template.with_extension();
        self
    }

    /// Creates the clusters, two at a time, and the links.
    ///
    /// # Errors
    /// When a cluster or a link cannot be started; what was begun is removed again.
    pub fn start(self) -> Result<Mesh, MeshError> {
        let count = self.majors.len();
        if !(1..=26).contains(&count) {
            return Err(MeshError::Size { count });
        }
        let builders: Vec<_> = ('a'..='z')
            .zip(&self.majors)
            .map(|(name, major)| {
                self.template.clone().with_major(*major).name(name).may_be_a_copy()
            })
            .collect();
        let nodes = PgClusterBuilder::start_all(&builders)?;
        let mut links = BTreeMap::new();
        for (from, publisher) in nodes.iter().enumerate() {
            for to in (0..count).filter(|to| *to != from) {
                let target = SocketAddr::from((Ipv4Addr::LOCALHOST, publisher.port()));
                links.insert((from, to), Proxy::start(target)?);
            }
        }
        Ok(Mesh { nodes, links })
    }
}

/// Clusters named `a`, `b`, `c`…, and a [`Proxy`] for every ordered pair of them.
///
/// A link is named in the direction of the data: `(from, to)` is the connection by which `to`
/// subscribes to `from`. Methods that take a node's name panic when there is no such node.
#[derive(Debug)]
pub struct Mesh {
    nodes: Vec<PgCluster>,
    links: BTreeMap<(usize, usize), Proxy>,
}

impl Mesh {
    /// Describes a mesh whose nodes have this major.
    pub fn builder(major: Major) -> MeshBuilder {
        MeshBuilder { template: PgCluster::builder(major), majors: vec![major; 2] }
    }

    /// Every node, in the order of the names.
    #[must_use]
    pub fn nodes(&self) -> Vec<&PgCluster> {
        self.nodes.iter().collect()
    }

    /// The node of this name.
    #[must_use]
    #[track_caller]
    pub fn node(&self, name: &str) -> &PgCluster {
        &self.nodes[self.index(name)]
    }

    /// The proxy by which `to` reaches `from`.
    ///
    /// # Panics
    /// When the two are the same node.
    #[must_use]
    #[track_caller]
    pub fn link(&self, from: &str, to: &str) -> &Proxy {
        let link = self.links.get(&(self.index(from), self.index(to)));
        link.unwrap_or_else(|| panic!("there is no link from {from} to {to}"))
    }

    /// What `to` connects to `from` with: for `create subscription … connection` on `to`.
    #[must_use]
    #[track_caller]
    pub fn conninfo(&self, from: &str, to: &str, database: &str) -> String {
        self.node(from).conninfo_by(self.link(from, to).port(), database)
    }

    /// Cuts the link from `from` to `to`, both ways of its bytes.
    ///
    /// What the two nodes log about it does not fail the test.
    #[track_caller]
    pub fn cut(&self, from: &str, to: &str) {
        self.node(from).expect_peer_loss();
        self.node(to).expect_peer_loss();
        self.link(from, to).cut(Direction::Both);
    }

    /// Heals the link from `from` to `to`.
    #[track_caller]
    pub fn heal(&self, from: &str, to: &str) {
        self.link(from, to).heal(Direction::Both);
    }

    /// Cuts every link from and to the node.
    #[track_caller]
    pub fn isolate(&self, name: &str) {
        let index = self.index(name);
        for cluster in &self.nodes {
            cluster.expect_peer_loss();
        }
        for ((from, to), link) in &self.links {
            if *from == index || *to == index {
                link.cut(Direction::Both);
            }
        }
    }

    /// Ends every cut, pause and delay.
    pub fn heal_all(&self) {
        for link in self.links.values() {
            link.heal(Direction::Both);
            link.resume(Direction::Both);
            link.delay(Direction::Both, std::time::Duration::ZERO);
        }
    }

    /// Stops and removes every node, and checks the logs, as dropping the mesh does.
    ///
    /// # Panics
    /// When a log has trouble that the test did not expect.
    pub fn finish(self) {
        drop(self);
    }

    #[track_caller]
    fn index(&self, name: &str) -> usize {
        let found = self.nodes.iter().position(|node| node.name() == name);
        found.unwrap_or_else(|| panic!("there is no node {name} in a mesh of {}", self.nodes.len()))
    }
}

impl Drop for Mesh {
    fn drop(&mut self) {
        // The nodes end one after another, and the links after them.
        PgCluster::finish_all(std::mem::take(&mut self.nodes));
    }
}
