//! One daemon for each data folder.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::platform;

/// The file whose lock is the daemon's; the operating system gives it back when the process ends,
/// however that happens.
const LOCK: &str = "steep-repl.lock";
/// The file that says whose it is: where locks are mandatory, the locked one cannot be read.
const PID: &str = "steep-repl.pid";

/// The right to be the daemon of a data folder.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
    pid: PathBuf,
}

impl Lock {
    /// Takes it, and makes the folder if there is none.
    pub(super) fn take(folder: &Path) -> Result<Self, Error> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| Error::File { path, source }
        };
        if !folder.exists() {
            fs::create_dir_all(folder).map_err(failed(folder))?;
            platform::make_private(folder).map_err(failed(folder))?;
        }
        let (path, pid) = (folder.join(LOCK), folder.join(PID));
        let options =
            File::options().read(true).write(true).create(true).truncate(false).open(&path);
        let file = options.map_err(failed(&path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let pid = fs::read_to_string(&pid).unwrap_or_default();
                let pid = Some(pid.trim()).filter(|pid| !pid.is_empty()).unwrap_or("unknown");
                return Err(Error::Running { pid: pid.to_owned(), folder: folder.to_owned() });
            }
            Err(TryLockError::Error(source)) => return Err(failed(&path)(source)),
        }
        // A full disk is no reason not to run: the lock is what counts.
        if let Err(error) = fs::write(&pid, format!("{}\n", std::process::id())) {
            tracing::warn!(path = %pid.display(), %error, "cannot write the process id");
        }
        Ok(Self { _file: file, pid })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Removed while the lock is still held, so it is never another daemon's.
        let _ = fs::remove_file(&self.pid);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_daemon() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("deeper/data");
        let first = Lock::take(&data).unwrap();
        let second = Lock::take(&data).unwrap_err().to_string();
        assert!(second.contains(&std::process::id().to_string()), "{second}");
        drop(first);
        Lock::take(&data).unwrap();
    }
}
