//! The lock beside a socket, held as long as its daemon lives: it tells a live daemon from what a
//! dead one left, without a moment at which two could take over at once.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;

use crate::Endpoint;
use crate::error::BindError;

use super::own_uid;

/// How often a lock may be removed under our hands before we give up. Each time a daemon has ended
/// in between.
const ATTEMPTS: usize = 100;

/// A held lock; the file goes with it.
#[derive(Debug)]
pub(super) struct Lock {
    path: PathBuf,
    /// Unlocked when it is closed, also by the end of the process.
    _file: File,
}

impl Lock {
    pub(super) fn take(endpoint: &Endpoint) -> Result<Self, BindError> {
        let mut path = OsString::from(endpoint.path());
        path.push(".lock");
        let path = PathBuf::from(path);
        let io = |source| BindError::Io { endpoint: endpoint.clone(), source };
        for _ in 0..ATTEMPTS {
            let file = open(&path, endpoint)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(BindError::AlreadyServed { endpoint: endpoint.clone() });
                }
                Err(TryLockError::Error(error)) => return Err(io(error)),
            }
            // Its last holder may have removed it after we opened it: then it locks nothing.
            if is_at(&path, &file).map_err(io)? {
                return Ok(Self { path, _file: file });
            }
        }
        Err(BindError::AlreadyServed { endpoint: endpoint.clone() })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // It is locked still, so it is ours to remove. A lock that stays behind does no harm.
        let _ = fs::remove_file(&self.path);
    }
}

fn open(path: &Path, endpoint: &Endpoint) -> Result<File, BindError> {
    let mut options = File::options();
    options.create(true).truncate(false).write(true).mode(0o600);
    // A symbolic link is a trick, a pipe would block.
    options.custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits());
    let file = options.open(path).map_err(|error| refusal(path, endpoint, error))?;
    let found =
        file.metadata().map_err(|source| BindError::Io { endpoint: endpoint.clone(), source })?;
    if found.uid() != own_uid() {
        return Err(BindError::Foreign { path: path.to_owned(), owner: found.uid() });
    }
    if !found.is_file() {
        return Err(BindError::InTheWay { path: path.to_owned() });
    }
    Ok(file)
}

/// Why it could not be opened: the system's error, or what is seen in its place.
fn refusal(path: &Path, endpoint: &Endpoint, source: io::Error) -> BindError {
    let path = path.to_owned();
    match fs::symlink_metadata(&path) {
        Ok(found) if found.uid() != own_uid() => BindError::Foreign { path, owner: found.uid() },
        Ok(found) if !found.is_file() => BindError::InTheWay { path },
        _ => BindError::Io { endpoint: endpoint.clone(), source },
    }
}

fn is_at(path: &Path, file: &File) -> io::Result<bool> {
    let held = file.metadata()?;
    match fs::symlink_metadata(path) {
        Ok(found) => Ok((found.dev(), found.ino()) == (held.dev(), held.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
