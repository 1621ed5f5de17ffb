//! What is kept between runs and shared by the checkouts of one machine: downloaded packages,
//! unpacked servers, and each checkout's own copy of them.

use std::env;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use crate::{platform, say};

/// The variable that names another folder.
pub(crate) const VARIABLE: &str = "STEEP_CACHE_DIR";

/// The cache, which no other process changes while this value lives.
#[derive(Debug)]
pub(crate) struct Cache {
    folder: PathBuf,
    /// Unlocked when it is closed, also by the end of the process.
    _lock: File,
}

impl Cache {
    /// Opens the cache, and waits while another process changes it.
    pub(crate) fn lock() -> Result<Self> {
        let folder = folder()?;
        let shown = folder.display().to_string();
        let cannot =
            || format!("cannot use the cache {shown}; set {VARIABLE} to a folder that is writable");
        let open = || {
            fs::create_dir_all(&folder)?;
            platform::open_to_everybody(&folder)?;
            File::options().create(true).truncate(false).write(true).open(folder.join("lock"))
        };
        let lock = open().with_context(cannot)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                say::progress(format!("waiting for another checkout, which uses {shown}"));
                lock.lock().with_context(cannot)?;
            }
            Err(TryLockError::Error(error)) => return Err(error).with_context(cannot),
        }
        let cache = Self { folder, _lock: lock };
        cache.remove_unfinished().with_context(cannot)?;
        Ok(cache)
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A folder of the cache; it need not exist.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A new folder for what becomes part of the cache, by a rename, when it is whole.
    pub(crate) fn unfinished(&self) -> Result<TempDir> {
        let parent = self.unfinished_folder();
        fs::create_dir_all(&parent)
            .and_then(|()| TempDir::new_in(&parent))
            .with_context(|| cannot_write(&parent))
    }

    fn unfinished_folder(&self) -> PathBuf {
        self.path("unfinished")
    }

    /// Whoever was killed left it; nobody else is at work while the lock is held.
    fn remove_unfinished(&self) -> io::Result<()> {
        match fs::remove_dir_all(self.unfinished_folder()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// What to tell when something cannot be written.
pub(crate) fn cannot_write(path: &Path) -> String {
    format!(
        "cannot write {}; if the disk is full, make room, or set {VARIABLE} to a folder on \
         another one",
        path.display()
    )
}

/// Outside the build folder, so that `cargo clean` and fresh clones do not download again; outside
/// root's home, which is closed to the OS user that runs the servers.
fn folder() -> Result<PathBuf> {
    if let Some(folder) = env::var_os(VARIABLE).filter(|folder| !folder.is_empty()) {
        return std::path::absolute(&folder)
            .with_context(|| format!("{VARIABLE} is no path: {}", folder.display()));
    }
    platform::cache_folder().with_context(|| {
        format!("there is no home folder for the cache; set {VARIABLE} to a folder for it")
    })
}
