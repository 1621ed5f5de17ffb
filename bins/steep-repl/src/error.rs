//! What goes wrong, as the user of the program is told.

use std::path::PathBuf;

use steep_config::{ConfigError, SecretError};
use steep_ipc::{Exit, FailureClass};
use steep_ipc_tokio::{BindError, CallError, ConnectError, Level};
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
    /// There is no such service.
    #[error("cannot {what} the service: there is no service of {} named steep-repl", whose(*level))]
    NotInstalled {
        /// `start`, `stop`, ….
        what: &'static str,
        /// Whose it would be.
        level: Level,
        /// Whether there is one of the other level.
        is_other: bool,
    },
    /// The service manager refuses.
    #[error("cannot {what} the service: {source}")]
    Service {
        /// `install`, `start`, ….
        what: &'static str,
        /// Whose it is.
        level: Level,
        /// Why.
        source: std::io::Error,
    },
    /// A service is to run as somebody who does not exist.
    #[error("there is no OS user \"{user}\" on this machine")]
    NoUser {
        /// The name.
        user: String,
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

fn whose(level: Level) -> &'static str {
    match level {
        Level::System => "the machine",
        Level::User => "this user",
    }
}

/// What a command needs to mean a service of this level.
pub(crate) fn flag(level: Level) -> &'static str {
    match level {
        Level::System => "",
        Level::User => " --user",
    }
}

/// What a service manager has no kind of error for, it says in words.
fn is_about_rights(error: &std::io::Error) -> bool {
    let said = error.to_string().to_lowercase();
    let words = ["permission", "denied", "authenticat", "not permitted", "privilege"];
    error.kind() == std::io::ErrorKind::PermissionDenied
        || words.iter().any(|word| said.contains(word))
}

/// Nothing manages services here, or what would does not run, as in a container.
fn is_without_manager(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::Unsupported
        || error.to_string().contains("not been booted with systemd")
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
            | Self::NotInstalled { .. }
            | Self::NoUser { .. }
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
            Self::NotInstalled { what, level, is_other } => Some(match (is_other, level) {
                (true, Level::System) => {
                    format!("there is one of this user: steep-repl {what} --user")
                }
                (true, Level::User) => format!("there is one of the machine: steep-repl {what}"),
                (false, level) => format!("install it: steep-repl install{}", flag(*level)),
            }),
            Self::Service { level: Level::System, source, .. } if is_about_rights(source) => Some(
                "a service of the machine needs an administrator; --user makes one of this user"
                    .to_owned(),
            ),
            Self::Service { source, .. } if is_without_manager(source) => {
                Some("without a service manager let something else run `steep-repl run`".to_owned())
            }
            Self::NoUser { .. } => {
                Some("give --run-as the name of an OS user that exists".to_owned())
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(level: Level, source: std::io::Error) -> Option<String> {
        Error::Service { what: "start", level, source }.hint()
    }

    #[test]
    fn an_administrator_is_asked_for_only_where_one_can_help() {
        use std::io::{Error as Io, ErrorKind};
        let denied = || Io::from(ErrorKind::PermissionDenied);
        let is_admin =
            |hint: Option<String>| hint.is_some_and(|hint| hint.contains("administrator"));
        assert!(is_admin(hint(Level::System, denied())));
        assert!(is_admin(hint(Level::System, Io::other("Interactive authentication required."))));
        assert!(!is_admin(hint(Level::User, denied())));
        assert!(!is_admin(hint(Level::System, Io::other("Job for steep-repl.service failed"))));
        let none = hint(Level::System, Io::from(ErrorKind::Unsupported)).unwrap_or_default();
        assert!(none.contains("steep-repl run"), "{none}");
        let container =
            Io::other("System has not been booted with systemd as init system (PID 1).");
        assert_eq!(hint(Level::System, container), Some(none));
    }

    #[test]
    fn a_service_that_is_not_installed_is_to_be_installed_or_is_of_the_other_level() {
        let told = |level, is_other| {
            let error = Error::NotInstalled { what: "start", level, is_other };
            (error.to_string(), error.hint().unwrap_or_default())
        };
        let (said, way_out) = told(Level::System, false);
        assert!(said.ends_with("no service of the machine named steep-repl"), "{said}");
        assert_eq!(way_out, "install it: steep-repl install");
        assert_eq!(told(Level::User, false).1, "install it: steep-repl install --user");
        assert!(told(Level::System, true).1.ends_with("steep-repl start --user"));
        assert!(told(Level::User, true).1.ends_with("steep-repl start"));
    }
}
