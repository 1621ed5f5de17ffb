//! The end of a cluster: the log check, the stop, nothing left behind.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::PgCluster;
use super::error::ClusterError;
use crate::clock::ClockFile;
use crate::log::LogEntry;
use crate::platform::{self, Stop};

/// A cluster that runs on after the process that started it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Detached {
    /// The postmaster.
    pub pid: u32,
    /// Its port on 127.0.0.1.
    pub port: u16,
    /// The folder that holds the data folder and the log; whoever stops the server removes it.
    pub folder: PathBuf,
    /// The data folder.
    pub data_dir: PathBuf,
    /// A URL with the password, for the database `postgres`.
    pub dsn: String,
}

impl fmt::Debug for Detached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the URL: it has the password.
        f.debug_struct("Detached")
            .field("pid", &self.pid)
            .field("port", &self.port)
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

impl PgCluster {
    /// Stops the cluster, removes it and checks its log, as dropping it does.
    ///
    /// # Panics
    /// When the log has trouble that the test did not expect.
    pub fn finish(self) {
        drop(self);
    }

    /// Finishes clusters that replicate from one another: what one says about the end of another
    /// is not held against it.
    ///
    /// # Panics
    /// When a log has trouble that the test did not expect.
    pub fn finish_all(clusters: Vec<Self>) {
        for cluster in &clusters {
            cluster.expect_peer_loss();
            // A fast stop waits for what the others confirm. A clock file that cannot be written
            // makes the stop late, not wrong.
            let _ = cluster.clock.as_ref().map(ClockFile::thaw);
        }
        drop(clusters);
    }

    /// Lets the cluster run on after this process, unchecked.
    ///
    /// # Errors
    /// When it does not run.
    pub fn detach(self) -> Result<Detached, ClusterError> {
        let (port, dsn) = (self.port(), self.dsn("postgres"));
        let mut state = self.state();
        let Some(postmaster) = state.postmaster.take() else {
            return Err(ClusterError::NotRunning { cluster: self.name.clone() });
        };
        if let Some(reaper) = state.reaper.take() {
            let dismissed = reaper.dismiss();
            dismissed.map_err(|source| self.process_error("the reaper", source))?;
        }
        let (folder, data_dir) = (self.folder.clone(), self.data_dir());
        Ok(Detached { pid: postmaster.id(), port, folder, data_dir, dsn })
    }

    /// Fast, then by force: a server that a test broke must not survive it.
    fn end_server(&self) {
        let how = if thread::panicking() { Stop::Immediate } else { Stop::Fast };
        match self.stop(how) {
            Ok(()) => {}
            Err(ClusterError::NotRunning { .. }) => {
                platform::release_shared_memory(&self.data_dir());
            }
            Err(_) => {
                // Nothing more can be done here; the reaper stays when this fails too.
                if self.kill9().is_ok() {
                    platform::release_shared_memory(&self.data_dir());
                }
            }
        }
    }

    /// The reaper is dismissed only when it would find nothing.
    fn remove(&self) {
        let mut state = self.state();
        if state.postmaster.is_none()
            && remove_folder(&self.folder).is_ok()
            && let Some(reaper) = state.reaper.take()
        {
            // A reaper that cannot be told finds the end of its pipe, and nothing to do.
            let _ = reaper.dismiss();
        }
    }

    fn report(&self, unexpected: &[LogEntry]) {
        let list: Vec<_> = unexpected.iter().map(ToString::to_string).collect();
        assert!(
            unexpected.is_empty(),
            "the log of cluster {} has lines that the test does not expect:\n{}",
            self.name,
            list.join("\n")
        );
    }
}

/// Other processes may write a last file while theirs are removed.
pub(super) fn remove_folder(folder: &Path) -> io::Result<()> {
    let mut result = Ok(());
    for _ in 0..20 {
        result = fs::remove_dir_all(folder);
        match &result {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                thread::sleep(Duration::from_millis(50));
            }
            _ => return Ok(()),
        }
    }
    result
}

impl Drop for PgCluster {
    fn drop(&mut self) {
        let detached = self.state().reaper.is_none();
        if detached {
            return;
        }
        self.end_server();
        let failing = thread::panicking();
        let unexpected = if failing { Vec::new() } else { self.unexpected_log() };
        if failing {
            eprintln!("end of the log of cluster {}:\n{}", self.name, self.log_tail());
        }
        self.remove();
        if !failing {
            self.report(&unexpected);
        }
    }
}
