//! Windows: no root, no modes, links only with a privilege.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Servers run as the user that starts them.
pub(crate) fn is_root() -> bool {
    false
}

/// The folder that the system has for such caches.
pub(crate) fn cache_folder() -> Option<PathBuf> {
    let local = env::var_os("LOCALAPPDATA").filter(|folder| !folder.is_empty())?;
    Some(PathBuf::from(local).join("steep-repl"))
}

/// The user's own folders are open to the servers, which run as that user.
#[expect(clippy::unnecessary_wraps, reason = "other platforms change the mode")]
pub(crate) fn open_to_everybody(_: &Path) -> io::Result<()> {
    Ok(())
}

/// The file itself in place of a link to it.
pub(crate) fn copy_link(from: &Path, to: &Path) -> io::Result<()> {
    fs::copy(from, to).map(drop)
}

/// Not asked: nothing depends on it.
pub(crate) fn available_space(_: &Path) -> Option<u64> {
    None
}

/// Every folder of the user may hold programs.
pub(crate) fn runs_programs(_: &Path) -> bool {
    true
}

/// Not asked: figures are measured without it.
pub(crate) fn cpu_seconds(_: u32) -> Option<f64> {
    None
}

/// Not asked: see [`cpu_seconds`].
pub(crate) fn all_threads_seconds(_: u32) -> Option<f64> {
    None
}

/// Not asked: see [`cpu_seconds`].
pub(crate) fn private_memory(_: u32) -> Option<u32> {
    None
}

/// Not asked: see [`cpu_seconds`].
pub(crate) fn resident_memory(_: u32) -> Option<u32> {
    None
}

/// Files of the user are the user's own there.
pub(crate) fn make_private(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Ctrl-C does not reach what this command starts (`CREATE_NEW_PROCESS_GROUP`).
pub(crate) fn own_group(command: &mut Command) {
    use std::os::windows::process::CommandExt as _;

    command.creation_flags(0x0000_0200);
}

/// Ends a process.
pub(crate) fn terminate(pid: u32) {
    // It may have ended by itself.
    let _ = Command::new("taskkill").args(["/F", "/PID", &pid.to_string()]).output();
}
