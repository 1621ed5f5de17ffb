//! Files that only their owner may read: one of the places that know the operating system.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

use std::fs::File;
use std::io;
use std::path::Path;

/// Makes a file that was not there, for its owner alone from the first moment.
pub(super) fn create(path: &Path) -> io::Result<File> {
    system::create(path)
}

/// Whether others than the owner may read the file, or its group write it.
pub(super) fn is_open_to_others(path: &Path) -> bool {
    system::is_open_to_others(path)
}
