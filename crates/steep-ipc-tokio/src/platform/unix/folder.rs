//! The folder of a socket: whoever can write it can put another socket in the place of ours.

use std::fs::{self, DirBuilder, Metadata};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::Path;

use crate::Endpoint;
use crate::error::BindError;

use super::{ROOT, own_uid};

const WRITABLE_BY_ALL: u32 = 0o002;

/// Only owners remove and rename, as in `/tmp`.
const STICKY: u32 = 0o1000;

/// Makes the folder of `path` if only it is missing, and sees that it is safe.
pub(super) fn prepare(endpoint: &Endpoint) -> Result<(), BindError> {
    let path = endpoint.path();
    let Some(folder) = path.parent().filter(|_| path.is_absolute()) else {
        let source = io::Error::new(io::ErrorKind::InvalidInput, "the path is not absolute");
        return Err(BindError::Name { endpoint: endpoint.clone(), source });
    };
    let io = |source| BindError::Io { endpoint: endpoint.clone(), source };
    // Others may look inside, so that they are told that the socket is not for them.
    match DirBuilder::new().mode(0o755).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(io(error)),
        _ => {}
    }
    let metadata = fs::metadata(folder).map_err(io)?;
    match unsafe_because(&metadata) {
        Some(why) => Err(BindError::Folder { path: folder.to_owned(), why }),
        None => Ok(()),
    }
}

/// Whether somebody else than root, us and whom root or we let in could put a socket there.
pub(super) fn is_open_to_all(path: &Path) -> bool {
    let folder = path.parent().map(fs::metadata);
    !matches!(folder, Some(Ok(folder)) if folder.mode() & WRITABLE_BY_ALL == 0)
}

fn unsafe_because(folder: &Metadata) -> Option<&'static str> {
    if !folder.is_dir() {
        return Some("it is no folder");
    }
    if folder.uid() != ROOT && folder.uid() != own_uid() {
        return Some("another user owns it");
    }
    if folder.mode() & WRITABLE_BY_ALL != 0 && folder.mode() & STICKY == 0 {
        return Some("every user can remove files of others in it");
    }
    None
}
