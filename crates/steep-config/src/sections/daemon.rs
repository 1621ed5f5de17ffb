use crate::reader::{Section, choices};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// Health and metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Http {
    /// Where the daemon answers.
    pub listen: SocketAddr,
}

impl Http {
    pub(crate) fn read(section: &Section<'_>) -> Self {
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 5434));
        Self { listen: section.value("listen", loopback) }
    }
}

/// What the command line talks to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ipc {
    /// Path of the socket, or name of the pipe; none: the usual place of the system.
    pub path: Option<PathBuf>,
}

impl Ipc {
    pub(crate) fn read(section: &Section<'_>) -> Self {
        Self { path: section.optional("path") }
    }
}

/// What is logged, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Log {
    /// Form of a line.
    pub format: LogFormat,
    /// Least weight of what is logged.
    pub level: LogLevel,
}

choices! {
    /// Form of a line of the log.
    LogFormat {
        /// For people.
        Text = "text",
        /// One JSON object.
        Json = "json",
    }
}

choices! {
    /// Weight of a line of the log.
    LogLevel {
        /// Something does not work.
        Error = "error",
        /// Someone should look.
        Warn = "warn",
        /// What happens.
        Info = "info",
        /// What is done about it.
        Debug = "debug",
        /// Everything.
        Trace = "trace",
    }
}

impl Log {
    pub(crate) fn read(section: &Section<'_>) -> Self {
        Self {
            format: section.value("format", LogFormat::Text),
            level: section.value("level", LogLevel::Info),
        }
    }
}
