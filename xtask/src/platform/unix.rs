//! Linux, macOS and other Unix systems.

use std::env;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub(crate) fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// The folder that the system has for such caches. Root's servers run as another OS user, to whom
/// root's home is closed.
pub(crate) fn cache_folder() -> Option<PathBuf> {
    if is_root() {
        return Some("/var/cache/steep-repl".into());
    }
    let home = env::var_os("HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
    let parent = if cfg!(target_os = "macos") {
        home?.join("Library/Caches")
    } else {
        // A relative path is to be ignored (XDG Base Directory Specification).
        let named = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        named.filter(|path| path.is_absolute()).or_else(|| Some(home?.join(".cache")))?
    };
    Some(parent.join("steep-repl"))
}

/// Lets every OS user read a file, run a program, enter a folder: `chmod a+rX`.
pub(crate) fn open_to_everybody(path: &Path) -> io::Result<()> {
    let mode = fs::symlink_metadata(path)?.permissions().mode();
    let is_entered_or_run = path.is_dir() || mode & 0o100 != 0;
    let wanted = mode | if is_entered_or_run { 0o555 } else { 0o444 };
    if wanted == mode {
        return Ok(());
    }
    fs::set_permissions(path, Permissions::from_mode(wanted & 0o7777))
}

/// Leaves a file to its owner alone.
pub(crate) fn make_private(path: &Path) -> io::Result<()> {
    fs::set_permissions(path, Permissions::from_mode(0o600))
}

/// Signals of the terminal do not reach what this command starts.
pub(crate) fn own_group(command: &mut Command) {
    use std::os::unix::process::CommandExt as _;

    command.process_group(0);
}

/// Asks a process to end.
pub(crate) fn terminate(pid: u32) {
    use nix::sys::signal::{Signal, kill};

    if let Ok(pid) = i32::try_from(pid) {
        // It may have ended by itself.
        let _ = kill(nix::unistd::Pid::from_raw(pid), Signal::SIGTERM);
    }
}

/// Makes `to` a symbolic link with the target of the symbolic link `from`.
pub(crate) fn copy_link(from: &Path, to: &Path) -> io::Result<()> {
    symlink(fs::read_link(from)?, to)
}

/// How many bytes an ordinary user can still write to the file system of `path`.
pub(crate) fn available_space(path: &Path) -> Option<u64> {
    let system = nix::sys::statvfs::statvfs(path).ok()?;
    #[allow(clippy::unnecessary_cast, reason = "macOS counts blocks in 32 bits")]
    Some(system.blocks_available() as u64 * system.fragment_size() as u64)
}

/// Whether programs in this folder can be run: many systems mount folders without that right.
pub(crate) fn runs_programs(folder: &Path) -> bool {
    let run = || {
        let own = tempfile::tempdir_in(folder)?;
        let program = own.path().join("program");
        fs::write(&program, "#!/bin/sh\nexit 0\n")?;
        fs::set_permissions(&program, Permissions::from_mode(0o700))?;
        Command::new(&program).stdin(Stdio::null()).status()
    };
    run().is_ok_and(|status| status.success())
}

/// The unit of the times in `/proc`: `USER_HZ`, which is part of Linux's interface (`proc_stat(5)`).
const TICKS_A_SECOND: f64 = 100.0;

/// How long a process has kept a processor busy so far; only Linux tells of other processes.
pub(crate) fn cpu_seconds(pid: u32) -> Option<f64> {
    nanoseconds(pid).or_else(|| ticks(pid))
}

/// By the scheduler's own count, where the kernel is built to show it.
fn nanoseconds(pid: u32) -> Option<f64> {
    let schedstat = fs::read_to_string(format!("/proc/{pid}/schedstat")).ok()?;
    let busy: f64 = schedstat.split_whitespace().next()?.parse().ok()?;
    Some(busy / 1e9)
}

/// As [`cpu_seconds`], of all threads of a process, and less exactly.
pub(crate) fn all_threads_seconds(pid: u32) -> Option<f64> {
    ticks(pid)
}

/// In hundredths of a second, on every kernel.
fn ticks(pid: u32) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in parentheses, may hold anything; utime and stime are the 14th and 15th field.
    let mut fields = stat.rsplit_once(") ")?.1.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / TICKS_A_SECOND)
}

/// How many kB of memory a process has to itself: neither files nor memory shared with others.
/// Only Linux tells.
pub(crate) fn private_memory(pid: u32) -> Option<u32> {
    kilobytes(pid, "RssAnon:")
}

/// How many kB of memory a process has, files and what it shares included. Only Linux tells.
pub(crate) fn resident_memory(pid: u32) -> Option<u32> {
    kilobytes(pid, "VmRSS:")
}

fn kilobytes(pid: u32, what: &str) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(what))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_programs_and_folders_become_executable() {
        let folder = tempfile::tempdir().unwrap();
        let mode_after = |name: &str, mode: u32| {
            let path = folder.path().join(name);
            fs::write(&path, "").unwrap();
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            open_to_everybody(&path).unwrap();
            fs::metadata(&path).unwrap().permissions().mode() & 0o777
        };
        assert_eq!(mode_after("data", 0o600), 0o644);
        assert_eq!(mode_after("program", 0o700), 0o755);
        open_to_everybody(folder.path()).unwrap();
        assert_eq!(fs::metadata(folder.path()).unwrap().permissions().mode() & 0o777, 0o755);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn linux_tells_what_a_process_uses() {
        let own = std::process::id();
        assert!(cpu_seconds(own).is_some_and(|seconds| seconds >= 0.0));
        assert!(ticks(own).is_some_and(|seconds| seconds < 3600.0));
        assert!(private_memory(own).is_some_and(|kilobytes| kilobytes > 100));
        assert_eq!(cpu_seconds(u32::MAX), None);
    }

    #[test]
    fn the_folder_for_temporary_files_has_space() {
        assert!(available_space(&env::temp_dir()).is_some_and(|bytes| bytes > 0));
    }
}
