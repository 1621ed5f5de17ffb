//! What tells this data directory from a copy of it.
//!
//! A restored backup or a cloned directory carries the same system identifier, the same tables and
//! therefore the same node identity as its original; two nodes with one identity would silently
//! lose writes. Copies differ in something no backup tool carries over: the file system's own
//! record of the file `PG_VERSION`, which is written once by initdb and never touched again.
//! A restart, a rename on the same file system and a mount under another path keep that record.
//! A snapshot of the whole block device keeps it too: that case is caught by the peers on joining.

use crate::server;
use std::path::Path;
use std::sync::OnceLock;
use std::time::UNIX_EPOCH;

static FINGERPRINT: OnceLock<Option<String>> = OnceLock::new();

/// Reads the fingerprint once, in the postmaster; forked processes inherit it.
pub(crate) fn remember() {
    let _ = fingerprint();
}

/// `<file number>:<microseconds of creation since 1970>` of `PG_VERSION`, with `-` for a part the
/// platform does not know. `None` if the file cannot be read.
pub(crate) fn fingerprint() -> Option<&'static str> {
    FINGERPRINT.get_or_init(|| read(&server::data_directory()?.join("PG_VERSION"))).as_deref()
}

fn read(file: &Path) -> Option<String> {
    let metadata = std::fs::metadata(file).ok()?;
    let number = file_number(&metadata).map_or_else(|| "-".to_owned(), |n| n.to_string());
    let created = metadata
        .created()
        .ok()
        .and_then(|t| t.duration_since(UNIX_EPOCH).ok())
        .map_or_else(|| "-".to_owned(), |d| d.as_micros().to_string());
    Some(format!("{number}:{created}"))
}

#[cfg(unix)]
fn file_number(metadata: &std::fs::Metadata) -> Option<u64> {
    use std::os::unix::fs::MetadataExt;
    Some(metadata.ino())
}

/// Elsewhere the creation time alone tells: NTFS gives a copied file a new one.
#[cfg(not(unix))]
fn file_number(_: &std::fs::Metadata) -> Option<u64> {
    None
}
