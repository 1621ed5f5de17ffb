//! Real PostgreSQL clusters, meshes, cut links and waiters for tests.
//!
//! A test of replication needs servers that really crash, links that really break and clocks that
//! really disagree, on every supported major, and afterwards it needs all of that gone. This crate
//! gives a test
//!
//! * [`PgCluster`]: one server on a free port of 127.0.0.1, which can be stopped, killed, restarted
//!   with other settings and given another [`Clock`]; trouble in its log that the test does not
//!   expect fails the test;
//! * [`Proxy`]: a link that can be paused, cut and delayed, in one direction or both;
//! * [`Hold`]: a lock that holds others up where the test wants them;
//! * [`Mesh`]: several clusters and a proxy for every ordered pair of them;
//! * [`wait`]: waiting for an event with a deadline, and [`tables_equal`]: what differs;
//! * [`on_each_major!`]: one test per PostgreSQL major.
//!
//! # What it does not do
//!
//! It does not install servers: `cargo xtask pg` does, and writes the list that [`Servers`] reads.
//! It does not simulate: time and the network are the machine's, so a run cannot be repeated
//! exactly. It does not sleep in place of waiting, and has no asynchronous interface.
//!
//! # Contract
//!
//! * A value owns what it started. Its drop, also by a panic, ends the processes and removes the
//!   folder; on Unix a second process does so when the test process is killed. Windows has no such
//!   process yet.
//! * Servers run as the user that runs the test, or, when that is root, as the OS user named in
//!   `STEEP_PG_OS_USER` (default `postgres`).
//! * Data folders are made in the system's folder for temporary files. Most of a cluster's cost is
//!   writing small files there: with `TMPDIR` in memory (a tmpfs), it starts twice as fast.
//! * Passwords are random, for each cluster its own, and not shown by `Debug`. Where
//!   `STEEP_TEST_TEMPLATES` names a folder, the nodes of all meshes start as copies of one data
//!   folder kept there, with its password and system identifier.
//!
//! # Example
//!
//! ```no_run
//! use steep_testkit::{Major, Mesh, wait};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mesh = Mesh::builder(Major::V18).nodes(2).start()?;
//! let (a, b) = (mesh.node("a"), mesh.node("b"));
//! for node in mesh.nodes() {
//!     node.execute("postgres", "create table t (id int primary key)")?;
//! }
//! a.execute("postgres", "create publication p for table t")?;
//! let conninfo = mesh.conninfo("a", "b", "postgres").replace('\'', "''");
//! b.execute("postgres", &format!("create subscription s connection '{conninfo}' publication p"))?;
//! wait::subscription_ready(b, "postgres", "s", wait::DEADLINE)?;
//!
//! mesh.cut("a", "b");
//! a.execute("postgres", "insert into t values (1)")?;
//! mesh.heal("a", "b");
//! wait::tables_equal(&[a, b], "postgres", "t", wait::DEADLINE)?;
//! mesh.finish();
//! # Ok(())
//! # }
//! ```

mod allowance;
mod clock;
mod cluster;
mod guarded_folder;
mod hold;
mod log;
mod macros;
mod mesh;
mod platform;
mod ports;
mod proxy;
mod servers;
mod settings;
mod tables;
pub mod wait;

pub use self::clock::{Clock, ClockError};
pub use self::cluster::{
    ClusterError, Detached, FoundCluster, PgCluster, PgClusterBuilder, SUPERUSER, ServerTls,
    TEMPLATES_VARIABLE, TextRows,
};
pub use self::guarded_folder::GuardedFolder;
pub use self::hold::Hold;
pub use self::log::{LogEntry, Severity};
pub use self::mesh::{Mesh, MeshBuilder, MeshError};
pub use self::platform::{OsUserError, Stop, server_user_can_enter};
pub use self::ports::{Port, PortError};
pub use self::proxy::{Direction, Proxy, ProxyError};
pub use self::servers::{Major, SERVERS_FILE, SERVERS_VARIABLE, Server, Servers, ServersError};
pub use self::tables::{TableDifference, TablesError, tables_equal};
pub use postgres;
