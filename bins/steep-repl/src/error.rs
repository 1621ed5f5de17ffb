//! What goes wrong, as the user of the program is told.

use std::path::PathBuf;

use steep_config::{ConfigError, SecretError};
use steep_ipc::{Exit, FailureClass};
use steep_ipc_tokio::{BindError, CallError, ConnectError};
use steep_node::http::HttpError;
use steep_node::tls::TlsError;
use steep_pg::{Class, PgError};

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Error {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The password cannot be had.
    #[error("password of PostgreSQL: {0}")]
    Secret(#[from] SecretError),
    /// The way to PostgreSQL cannot be prepared.
    #[error(transparent)]
    Postgres(#[from] PgError),
    /// The daemon does not answer.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The daemon's answer.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The local endpoint is not ours.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// HTTP is not served.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// Nobody can be listened to there.
    #[error("cannot listen for {what} on {address}: {source}")]
    Listen {
        /// For whom.
        what: &'static str,
        /// Where.
        address: std::net::SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// A pattern for tables in the configuration is none.
    #[error("replication.tables: {0}")]
    Pattern(steep_node::tables::PatternError),
    /// The certificates cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A file cannot be written.
    #[error("cannot write to {}: {source}", path.display())]
    Write {
        /// Where.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// Plaintext gRPC without a name.
    #[error("gRPC without TLS needs replication.topology.this_node.name")]
    Nameless,
    /// Another daemon uses the folder.
    #[error("a steep-repl daemon is running already: process {pid} uses {}", folder.display())]
    Running {
        /// Its number, as far as it is known.
        pid: String,
        /// The folder.
        folder: PathBuf,
    },
    /// A file or folder cannot be used.
    #[error("cannot use {}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The service manager refuses.
    #[error("cannot {what} the service: {source}")]
    Service {
        /// `install`, `start`, ….
        what: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// The operating system refuses something that every process needs.
    #[error("{what}: {source}")]
    System {
        /// What was tried.
        what: &'static str,
        /// Why not.
        source: std::io::Error,
    },
    /// The daemon answered something else than it was asked.
    #[error("the daemon answered something else than it was asked")]
    Answer,
}

impl Error {
    /// What the program ends with.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Config(_) | Self::Pattern(_) => Exit::Usage,
            Self::Connect(error) => error.class().into(),
            Self::Call(error) => error.class().into(),
            Self::Bind(error) => error.class().into(),
            Self::Postgres(error) => match error.class() {
                Class::Transient | Class::Peer => Exit::Unreachable,
                Class::Misuse => Exit::Usage,
                Class::Bug => Exit::Bug,
                _ => Exit::Refused,
            },
            Self::Answer => FailureClass::Bug.into(),
            Self::Secret(_)
            | Self::Http(_)
            | Self::Tls(_)
            | Self::Nameless
            | Self::Listen { .. }
            | Self::Running { .. }
            | Self::File { .. }
            | Self::Service { .. }
            | Self::Write { .. }
            | Self::System { .. } => Exit::Refused,
        }
    }

    /// The way out, where there is more to say than the message does.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Config(error) => error.hint(),
            Self::Secret(error) => Some(error.hint()),
            Self::Postgres(error) => error.hint().map(str::to_owned),
            Self::Connect(error) => error.hint().map(str::to_owned),
            Self::Call(error) => error.hint().map(str::to_owned),
            Self::Bind(error) => Some(error.hint().to_owned()),
            Self::Tls(error) => error.hint().map(str::to_owned),
            Self::Running { .. } => Some(
                "stop it with `steep-repl stop`, or give this one another replication.data_dir"
                    .to_owned(),
            ),
            Self::Service { .. } => Some(
                "a service of the machine needs an administrator; --user makes one of this user"
                    .to_owned(),
            ),
            _ => None,
        }
    }

    /// Says it on standard error.
    pub(crate) fn show(&self) {
        use std::io::Write as _;
        let mut stderr = std::io::stderr().lock();
        // Nobody reads it: nothing can be done about that.
        let _ = writeln!(stderr, "error: {self}");
        let mut cause = std::error::Error::source(self);
        while let Some(next) = cause {
            if !self.to_string().contains(&next.to_string()) {
                let _ = writeln!(stderr, "  because: {next}");
            }
            cause = next.source();
        }
        if let Some(hint) = self.hint() {
            let _ = writeln!(stderr, "hint: {hint}");
        }
    }
}
