//! Whether the daemon can write where it keeps its files.

use std::io;
use std::path::{Path, PathBuf};

/// A file that is there for a moment.
const PROBE: &str = "steep-repl.probe";
/// A page. Fewer bytes may find a place where none is left for a file: in its directory entry, or in
/// a block that is its own already.
const PROBE_BYTES: usize = 4096;

/// What a folder is like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFolder {
    /// The folder.
    pub path: PathBuf,
    /// Bytes that are free there, or why that is not known.
    pub free: Result<u64, String>,
    /// Whether a file could be written there, or why not.
    pub written: Result<(), String>,
}

/// Looks at a folder. Free space alone does not tell: a quota may be used up, the disk mounted
/// read-only after an error, the folder gone or another user's.
pub(super) fn look(path: &Path) -> DataFolder {
    let text = |error: io::Error| error.to_string();
    DataFolder {
        path: path.to_owned(),
        free: fs4::available_space(path).map_err(text),
        written: probe(path).map_err(text),
    }
}

/// Always a new file: one that is there may be written to although there is no room for another.
fn probe(folder: &Path) -> io::Result<()> {
    let path = folder.join(PROBE);
    let written = std::fs::write(&path, [0; PROBE_BYTES]);
    let removed = std::fs::remove_file(&path);
    written.and(removed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_takes_files_is_left_as_it_was() {
        let folder = tempfile::tempdir().expect("a folder");
        let seen = look(folder.path());
        assert_eq!((seen.written, seen.path.as_path()), (Ok(()), folder.path()));
        assert!(seen.free.is_ok_and(|free| free > 0));
        assert_eq!(std::fs::read_dir(folder.path()).expect("it is there").count(), 0);
    }

    #[test]
    fn a_probe_that_an_earlier_process_left_behind_is_not_in_the_way() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join(PROBE), "half").expect("it can be written");
        assert_eq!(look(folder.path()).written, Ok(()));
    }

    #[test]
    fn what_is_no_folder_takes_no_files() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("file");
        std::fs::write(&file, "").expect("it can be written");
        for path in [file, folder.path().join("gone")] {
            assert!(look(&path).written.is_err(), "{}", path.display());
        }
    }
}
