//! A cluster that another process detached.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::error::ClusterError;
use super::finish::remove_folder;
use crate::platform::{self, Stop};
use crate::servers::Server;

/// Generous, for a busy machine; then the servers are killed.
const STOP_DEADLINE: Duration = Duration::from_secs(60);
const KILL_DEADLINE: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(10);

/// A cluster found by its folder: what [`PgCluster::detach`](super::PgCluster::detach) left.
///
/// Dropping it does nothing.
#[derive(Debug, Clone)]
pub struct FoundCluster {
    name: String,
    folder: PathBuf,
    server: Server,
}

impl FoundCluster {
    /// The cluster in `folder`, which `server` runs; neither need be there.
    #[must_use]
    pub fn new(name: &str, folder: &Path, server: Server) -> Self {
        // Processes are found by the folder as the system calls it.
        let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
        Self { name: name.to_owned(), folder, server }
    }

    /// The postmaster's process id, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        let pid = self.recorded_pid()?;
        platform::is_postmaster(pid, &self.data_dir()).then_some(pid)
    }

    /// Stops the cluster, by force if need be, and removes its folder; does nothing when there is
    /// neither.
    ///
    /// # Errors
    /// When a process cannot be ended or the folder cannot be removed.
    pub fn remove(&self) -> Result<(), ClusterError> {
        let process = |source| ClusterError::Process {
            cluster: self.name.clone(),
            program: "postgres".to_owned(),
            source,
        };
        if let Some(pid) = self.recorded_pid() {
            self.stop(pid).map_err(process)?;
            platform::release_shared_memory(&self.data_dir());
        }
        remove_folder(&self.folder).map_err(|source| ClusterError::Folder {
            cluster: self.name.clone(),
            path: self.folder.clone(),
            source,
        })
    }

    fn stop(&self, pid: u32) -> io::Result<()> {
        if platform::is_postmaster(pid, &self.data_dir()) {
            platform::request_stop(&self.server, &self.data_dir(), pid, Stop::Fast)?;
        }
        // Also when the postmaster is dead: its children end when they notice.
        if self.is_gone_within(STOP_DEADLINE, pid)? {
            return Ok(());
        }
        if platform::is_postmaster(pid, &self.data_dir()) {
            platform::crash(&self.folder, pid)?;
        }
        match self.is_gone_within(KILL_DEADLINE, pid)? {
            true => Ok(()),
            false => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    fn is_gone_within(&self, deadline: Duration, pid: u32) -> io::Result<bool> {
        let began = Instant::now();
        while platform::has_processes(&self.folder, pid)? {
            if began.elapsed() > deadline {
                return Ok(false);
            }
            thread::sleep(POLL);
        }
        Ok(true)
    }

    /// What `postmaster.pid` says, which a killed server leaves behind.
    fn recorded_pid(&self) -> Option<u32> {
        let lock = fs::read_to_string(self.data_dir().join("postmaster.pid")).ok()?;
        lock.lines().next()?.trim().parse().ok()
    }

    fn data_dir(&self) -> PathBuf {
        self.folder.join("data")
    }
}
