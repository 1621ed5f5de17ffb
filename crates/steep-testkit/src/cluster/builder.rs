//! What a cluster is to be, before it is.

use super::error::ClusterError;
use super::{PgCluster, create};
use crate::clock::Clock;
use crate::servers::{Major, Servers};
use crate::settings::Settings;

/// Describes a cluster; made by [`PgCluster::builder`].
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `start`"]
pub struct PgClusterBuilder {
    pub(super) major: Major,
    pub(super) name: String,
    pub(super) settings: Settings,
    pub(super) port: Option<u16>,
    pub(super) clock: Option<Clock>,
    pub(super) extension: bool,
}

impl PgClusterBuilder {
    pub(super) fn new(major: Major) -> Self {
        Self {
            major,
            name: format!("pg{major}"),
            settings: Settings::for_tests(),
            port: None,
            clock: None,
            extension: false,
        }
    }

    /// The name that errors, the log check and the data folder show; `pg<major>` by default.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Sets a configuration parameter.
    pub fn setting(mut self, name: &str, value: impl ToString) -> Self {
        self.settings.set(name, &value.to_string());
        self
    }

    /// Listens on this port and no other; by default on a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// Gives the cluster a clock of its own, which [`PgCluster::set_clock`] can move later.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Loads the `steep_repl` library at the server's start.
    pub fn with_extension(mut self) -> Self {
        if !self.extension {
            self.settings.preload("steep_repl");
        }
        self.extension = true;
        self
    }

    /// Loads another library at the server's start.
    pub fn preload(mut self, library: &str) -> Self {
        self.settings.preload(library);
        self
    }

    pub(crate) fn major(&self) -> Major {
        self.major
    }

    pub(crate) fn with_major(mut self, major: Major) -> Self {
        self.major = major;
        self
    }

    /// Creates the cluster and waits until it accepts connections.
    ///
    /// # Errors
    /// When the server is not installed, the port is in use, or `initdb` or the start fails; what
    /// was begun is removed again.
    pub fn start(self) -> Result<PgCluster, ClusterError> {
        let server = Servers::load()?.get(self.major)?.clone();
        if self.extension && !server.extension {
            return Err(ClusterError::NoExtension { major: self.major });
        }
        create::create(self, server)
    }
}
