//! Real PostgreSQL clusters for tests.

mod allowance;
mod clock;
mod cluster;
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
pub use self::cluster::{ClusterError, Detached, PgCluster, PgClusterBuilder, SUPERUSER, TextRows};
pub use self::log::{LogEntry, Severity};
pub use self::mesh::{Mesh, MeshBuilder, MeshError};
pub use self::platform::{OsUserError, Stop};
pub use self::ports::PortError;
pub use self::proxy::{Direction, Proxy, ProxyError};
pub use self::servers::{Major, SERVERS_FILE, SERVERS_VARIABLE, Server, Servers, ServersError};
pub use self::tables::{TableDifference, TablesError, tables_equal};
pub use postgres;
