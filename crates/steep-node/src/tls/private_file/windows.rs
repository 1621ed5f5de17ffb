use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// The folder's access list decides: that of a user's profile, or of ProgramData's subfolder which
/// the installer restricts, lets nobody else in.
pub(super) fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

pub(super) fn is_open_to_others(_path: &Path) -> bool {
    false
}
