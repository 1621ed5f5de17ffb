//! Real PostgreSQL clusters for tests.

mod allowance;
mod clock;
mod cluster;
mod log;
mod macros;
mod platform;
mod ports;
mod servers;
mod settings;

pub use self::clock::{Clock, ClockError};
pub use self::cluster::{ClusterError, Detached, PgCluster, PgClusterBuilder, SUPERUSER, TextRows};
pub use self::log::{LogEntry, Severity};
pub use self::platform::{OsUserError, Stop};
pub use self::ports::PortError;
pub use self::servers::{Major, SERVERS_FILE, SERVERS_VARIABLE, Server, Servers, ServersError};
pub use postgres;
