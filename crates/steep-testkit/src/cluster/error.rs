//! What can go wrong with a cluster.

use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use crate::clock::ClockError;
use crate::platform::OsUserError;
use crate::ports::PortError;
use crate::servers::{Major, ServersError};

/// Why a cluster did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// The server is not installed.
    #[error(transparent)]
    Servers(#[from] ServersError),
    /// There is no OS user to run the server.
    #[error(transparent)]
    OsUser(#[from] OsUserError),
    /// There is no port to listen on.
    #[error("cluster {cluster}: {source}")]
    Port {
        /// The cluster.
        cluster: String,
        /// Which port, and why.
        source: PortError,
    },
    /// The clock cannot be moved.
    #[error(transparent)]
    Clock(#[from] ClockError),
    /// The extension is wanted, but not installed.
    #[error("PostgreSQL {major} has no steep_repl extension; run `cargo xtask ext`")]
    NoExtension {
        /// The server's major.
        major: Major,
    },
    /// The operating system gave no randomness for the password.
    #[error("cluster {cluster}: the operating system gives no random numbers")]
    Random {
        /// The cluster.
        cluster: String,
    },
    /// A file or folder of the cluster cannot be written or read.
    #[error(
        "cluster {cluster}: cannot access {}; the folder for temporary files (TMPDIR) must be \
         open to the OS user that runs the servers", .path.display()
    )]
    Folder {
        /// The cluster.
        cluster: String,
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A program cannot be run, or a process cannot be signalled.
    #[error("cluster {cluster}: cannot run or signal {program}")]
    Process {
        /// The cluster.
        cluster: String,
        /// The program.
        program: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A program ran and failed.
    #[error("cluster {cluster}: {program} failed ({status}):\n{output}")]
    Program {
        /// The cluster.
        cluster: String,
        /// The program.
        program: String,
        /// How it ended.
        status: ExitStatus,
        /// What it said.
        output: String,
    },
    /// The server ended while it started.
    #[error("cluster {cluster}: the server ended at its start ({status}); end of its log:\n{log}")]
    Exited {
        /// The cluster.
        cluster: String,
        /// How it ended.
        status: ExitStatus,
        /// The last lines of its log.
        log: String,
    },
    /// The server neither became ready nor ended.
    #[error("cluster {cluster}: not {state} within {deadline:?}; end of its log:\n{log}")]
    TimedOut {
        /// The cluster.
        cluster: String,
        /// What was waited for.
        state: &'static str,
        /// How long.
        deadline: Duration,
        /// The last lines of its log.
        log: String,
    },
    /// The cluster is not running.
    #[error("cluster {cluster} is not running; start it first")]
    NotRunning {
        /// The cluster.
        cluster: String,
    },
    /// The cluster is running already.
    #[error("cluster {cluster} is running already; stop it first")]
    Running {
        /// The cluster.
        cluster: String,
    },
    /// A session could not be opened, or a statement failed.
    #[error("cluster {cluster}, database {database}: {}", describe(.source))]
    Sql {
        /// The cluster.
        cluster: String,
        /// The database.
        database: String,
        /// What PostgreSQL or the connection said.
        source: postgres::Error,
    },
    /// A statement gave another kind of result than was asked for.
    #[error("cluster {cluster}, database {database}: expected {expected} of {sql:?}")]
    Result {
        /// The cluster.
        cluster: String,
        /// The database.
        database: String,
        /// What was expected.
        expected: &'static str,
        /// The statement.
        sql: String,
    },
}

/// PostgreSQL's own message: the client library's text is only "db error".
fn describe(error: &postgres::Error) -> String {
    match error.as_db_error() {
        Some(db) => format!("{} {}: {}", db.severity(), db.code().code(), db.message()),
        None => error.to_string(),
    }
}
