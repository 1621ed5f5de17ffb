//! Where a daemon is found.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::platform;

/// For whom a daemon runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// For the user who starts it.
    User,
    /// For the machine.
    System,
}

/// The address of a daemon on this machine: the path of a Unix socket, or the name of a pipe.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Endpoint {
    path: PathBuf,
}

impl Endpoint {
    /// The endpoint that the configuration names (`ipc.path`).
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where a daemon of this level listens when nothing else is configured.
    ///
    /// On Unix the first of these whose folder is ours to use: `$XDG_RUNTIME_DIR/steep` (for a
    /// user), `/run/steep`, `/tmp`. On Windows always `\\.\pipe\steep-repl`.
    #[must_use]
    pub fn default_for(level: Level) -> Self {
        Self::at(platform::default_path(level))
    }

    /// Where a client finds the daemon when nothing else is configured: the first default endpoint
    /// at which there is something, the user's own before the machine's; else the user's.
    #[must_use]
    pub fn find() -> Self {
        let candidates = platform::candidates();
        let found = candidates.into_iter().find(|path| platform::is_there(path));
        found.map_or_else(|| Self::default_for(Level::User), Self::at)
    }

    /// The path of the socket, or the name of the pipe.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.display().fmt(formatter)
    }
}
