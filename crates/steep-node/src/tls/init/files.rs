//! Files that go again unless everything succeeds.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::InitError;
use crate::tls::private_file;

/// What was written so far; removed when dropped, unless kept.
#[derive(Debug, Default)]
pub(super) struct NewFiles {
    written: Vec<PathBuf>,
}

impl NewFiles {
    /// Makes the folder, if it is not there.
    pub(super) fn folder(&mut self, path: &Path) -> Result<(), InitError> {
        fs::create_dir_all(path).map_err(|source| failed("make", path, source))
    }

    /// A file for everyone.
    pub(super) fn public(&mut self, path: &Path, text: &str) -> Result<(), InitError> {
        let opened = OpenOptions::new().write(true).create_new(true).open(path);
        self.write(path, opened, text)
    }

    /// A file for its owner.
    pub(super) fn private(&mut self, path: &Path, text: &str) -> Result<(), InitError> {
        self.write(path, private_file::create(path), text)
    }

    /// Everything has succeeded.
    pub(super) fn keep(mut self) {
        self.written.clear();
    }

    fn write(
        &mut self,
        path: &Path,
        opened: io::Result<fs::File>,
        text: &str,
    ) -> Result<(), InitError> {
        let mut file = opened.map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => InitError::Exists { path: path.to_owned() },
            _ => failed("write", path, source),
        })?;
        self.written.push(path.to_owned());
        file.write_all(text.as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(|source| failed("write", path, source))
    }
}

impl Drop for NewFiles {
    fn drop(&mut self) {
        for path in &self.written {
            if let Err(error) = fs::remove_file(path) {
                tracing::warn!(path = %path.display(), %error, "cannot remove a new file again");
            }
        }
    }
}

/// Before anything is written.
pub(super) fn must_be_free(path: &Path) -> Result<(), InitError> {
    match fs::symlink_metadata(path) {
        Ok(_) => Err(InitError::Exists { path: path.to_owned() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(failed("read", path, source)),
    }
}

pub(super) fn failed(action: &'static str, path: &Path, source: io::Error) -> InitError {
    InitError::File { action, path: path.to_owned(), source }
}
