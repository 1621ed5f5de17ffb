//! A folder for clusters that is gone when they fail.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::platform::{self, Reaper};

/// A folder that goes with the process that made it, however that ends, unless it is
/// [kept](Self::keep).
///
/// The servers' OS user can enter it. Clusters in it
/// ([`PgClusterBuilder::folder`](crate::PgClusterBuilder::folder)) must be dropped before it.
#[derive(Debug)]
pub struct GuardedFolder {
    path: PathBuf,
    /// `None` once the folder is kept.
    reaper: Option<Reaper>,
}

impl GuardedFolder {
    /// Makes the folder, or takes an empty one.
    ///
    /// # Errors
    /// When it holds something, or its parent folder is not there or cannot be written.
    pub fn create(path: &Path) -> io::Result<Self> {
        if path.exists() && fs::read_dir(path)?.next().is_some() {
            return Err(io::ErrorKind::DirectoryNotEmpty.into());
        }
        let path = std::path::absolute(path)?;
        let reaper = Reaper::watch_parent(&path)?;
        if let Err(error) = platform::passable_folder(&path) {
            // It is not there, or somebody else's. The first error is the one to tell.
            let _ = reaper.dismiss();
            return Err(error);
        }
        let mut guarded = Self { path, reaper: Some(reaper) };
        guarded.path = fs::canonicalize(&guarded.path)?;
        Ok(guarded)
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// From now on it stays.
    ///
    /// # Errors
    /// When the process that watches over it cannot be told.
    pub fn keep(mut self) -> io::Result<()> {
        self.reaper.take().map_or(Ok(()), Reaper::dismiss)
    }
}

impl Drop for GuardedFolder {
    fn drop(&mut self) {
        if let Some(reaper) = self.reaper.take()
            && fs::remove_dir_all(&self.path).is_ok()
        {
            // A reaper that cannot be told finds the end of its pipe, and nothing to do.
            let _ = reaper.dismiss();
        }
    }
}
