use super::source::one_line;
use super::{Secret, SecretError};
use crate::platform::readable_by_others;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// More than any list of passwords has, in bytes.
const FILE_LIMIT: u64 = 1 << 20;

/// The first line of a file that only its owner can read.
pub(super) fn read(path: &Path) -> Result<Secret, SecretError> {
    let (bytes, open) = content(path)?;
    if open {
        return Err(SecretError::TooOpen { path: path.into() });
    }
    one_line(&bytes, format!("password file {}", path.display()))
}

/// What is in a file, and whether others can read it.
pub(super) fn content(path: &Path) -> Result<(Vec<u8>, bool), SecretError> {
    let unreadable = |source| SecretError::Unreadable { path: path.into(), source };
    // Asked before it is opened: opening a pipe would wait for a writer.
    if !path.metadata().map_err(unreadable)?.is_file() {
        return Err(SecretError::NotAFile { path: path.into() });
    }
    let file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(FILE_LIMIT).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok((bytes, readable_by_others(&metadata)))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    fn file(content: &[u8], mode: u32) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        fs::write(file.path(), content).expect("a written file");
        fs::set_permissions(file.path(), fs::Permissions::from_mode(mode)).expect("permissions");
        file
    }

    #[test]
    fn the_first_line_of_a_closed_file_is_the_password() {
        assert_eq!(read(file(b"hunter2\n", 0o600).path()).unwrap().reveal(), "hunter2");
        assert_eq!(read(file(b"with space ", 0o400).path()).unwrap().reveal(), "with space ");
    }

    #[test]
    fn a_file_that_others_can_read_is_refused_with_the_way_out() {
        let file = file(b"hunter2", 0o604);
        let error = read(file.path()).unwrap_err();
        assert!(matches!(error, SecretError::TooOpen { .. }));
        assert_eq!(error.hint(), format!("chmod 600 {}", file.path().display()));
        assert!(!format!("{error:?}{error}").contains("hunter2"));
    }

    #[test]
    fn what_is_no_file_is_refused() {
        assert!(matches!(read(Path::new("/dev/zero")), Err(SecretError::NotAFile { .. })));
        assert!(matches!(read(Path::new("/nowhere/x")), Err(SecretError::Unreadable { .. })));
        assert!(matches!(read(file(b"", 0o600).path()), Err(SecretError::Empty { .. })));
        assert!(matches!(read(file(b"\xff", 0o600).path()), Err(SecretError::NotText { .. })));
    }
}
