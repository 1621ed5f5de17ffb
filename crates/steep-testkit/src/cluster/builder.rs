//! What a cluster is to be, before it is.

use std::path::PathBuf;
use std::thread;

use super::error::ClusterError;
use super::{PgCluster, ServerTls, create};
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
    pub(super) folder: Option<PathBuf>,
    pub(super) may_be_a_copy: bool,
    pub(super) clock: Option<Clock>,
    pub(super) extension: bool,
    pub(super) tls: Option<ServerTls>,
    pub(super) access: Vec<String>,
}

impl PgClusterBuilder {
    pub(super) fn new(major: Major) -> Self {
        Self {
            major,
            name: format!("pg{major}"),
            settings: Settings::for_tests(),
            port: None,
            folder: None,
            may_be_a_copy: false,
            clock: None,
            extension: false,
            tls: None,
            access: Vec::new(),
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

    /// Keeps the cluster in this folder, which must not exist yet; by default in one of its own in
    /// the folder for temporary files.
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
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

    /// Lets the server speak TLS, with those who want it.
    pub fn tls(mut self, files: ServerTls) -> Self {
        self.tls = Some(files);
        self
    }

    /// Puts a line at the beginning of `pg_hba.conf`, behind those of earlier calls. After all of them
    /// stands what lets everybody in who has a password.
    pub fn access(mut self, line: impl Into<String>) -> Self {
        self.access.push(line.into());
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

    /// The data folder may be a copy of another one's that was never used.
    pub(crate) fn may_be_a_copy(mut self) -> Self {
        self.may_be_a_copy = true;
        self
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

    /// Creates clusters, two at a time: starting is work for a processor, and more at a time would
    /// only make each one slower.
    ///
    /// # Errors
    /// As [`start`](Self::start); every cluster that was started is removed again.
    pub fn start_all(builders: &[Self]) -> Result<Vec<PgCluster>, ClusterError> {
        let mut clusters = Vec::with_capacity(builders.len());
        for pair in builders.chunks(2) {
            clusters.extend(start_at_once(pair)?);
        }
        Ok(clusters)
    }
}

fn start_at_once(builders: &[PgClusterBuilder]) -> Result<Vec<PgCluster>, ClusterError> {
    let started: Vec<_> = thread::scope(|scope| {
        let starting: Vec<_> =
            builders.iter().cloned().map(|builder| scope.spawn(move || builder.start())).collect();
        starting.into_iter().map(thread::ScopedJoinHandle::join).collect()
    });
    started
        .into_iter()
        .map(|result| result.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        .collect()
}
