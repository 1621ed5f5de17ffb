//! Linux, macOS and other Unix systems.

use std::env;
use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, User, geteuid};

use super::{OsUserError, Stop};
use crate::servers::Server;

/// The user that runs the servers, when it is not the user that runs the test.
#[derive(Debug, Clone)]
pub(crate) struct OsUser(Option<(u32, u32)>);

impl OsUser {
    /// An ordinary user runs servers itself; root needs another user, since PostgreSQL refuses it.
    pub(crate) fn for_servers() -> Result<Self, OsUserError> {
        if !geteuid().is_root() {
            return Ok(Self(None));
        }
        let name = env::var("STEEP_PG_OS_USER").unwrap_or_else(|_| "postgres".to_owned());
        match User::from_name(&name) {
            Ok(Some(user)) => Ok(Self(Some((user.uid.as_raw(), user.gid.as_raw())))),
            Ok(None) => Err(OsUserError::Missing { name }),
            Err(errno) => Err(OsUserError::Lookup { name, source: errno.into() }),
        }
    }
}

/// Lets `command` run as `user`.
pub(crate) fn run_as(command: &mut Command, user: &OsUser) {
    if let Some((uid, gid)) = user.0 {
        command.uid(uid).gid(gid);
    }
}

/// Makes `user` the owner of `path`.
pub(crate) fn give_to(path: &Path, user: &OsUser) -> io::Result<()> {
    match user.0 {
        Some((uid, gid)) => std::os::unix::fs::chown(path, Some(uid), Some(gid)),
        None => Ok(()),
    }
}

/// Copies a folder that is not in use, with its owners and modes; `to` must not be there.
pub(crate) fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    let status = Command::new("cp").arg("-a").arg(from).arg(to).stdin(Stdio::null()).status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("cp: {status}"))) }
}

/// Creates a folder that only its owner can enter; fails when the path exists.
pub(crate) fn private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}

/// Makes a folder, unless it is there, one whose files every OS user can open that knows their
/// names.
pub(crate) fn passable_folder(path: &Path) -> io::Result<()> {
    match fs::create_dir(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    fs::set_permissions(path, Permissions::from_mode(0o711))
}

/// Whether `user` can enter `folder`: only an attempt knows of groups, access lists and mounts.
pub(crate) fn can_enter(folder: &Path, user: &OsUser) -> bool {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", "cd -- \"$1\"", "sh"]).arg(folder).current_dir("/");
    shell.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    run_as(&mut shell, user);
    shell.status().is_ok_and(|status| status.success())
}

/// Whether this process is the postmaster of this data folder, and not one that got the number of
/// a dead one.
pub(crate) fn is_postmaster(pid: u32, data_dir: &Path) -> bool {
    if Path::new("/proc/self/cwd").exists() {
        return fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == data_dir);
    }
    let mut ps = Command::new("ps");
    ps.args(["-o", "command=", "-p", &pid.to_string()]);
    let data_dir = data_dir.to_string_lossy();
    ps.output().is_ok_and(|ps| String::from_utf8_lossy(&ps.stdout).contains(&*data_dir))
}

/// Whether a process of the server in `folder` is alive.
pub(crate) fn has_processes(folder: &Path, postmaster: u32) -> io::Result<bool> {
    Ok(!members(folder, postmaster)?.is_empty() || is_postmaster(postmaster, &folder.join("data")))
}

/// Lets nobody but its owner read the file.
pub(crate) fn make_private(path: &Path) -> io::Result<()> {
    fs::set_permissions(path, Permissions::from_mode(0o600))
}

/// Lets every OS user read the file.
pub(crate) fn make_readable(path: &Path) -> io::Result<()> {
    fs::set_permissions(path, Permissions::from_mode(0o644))
}

/// Keeps the terminal's Ctrl-C, which goes to the whole group of the test, from the command.
pub(crate) fn own_group(command: &mut Command) {
    command.process_group(0);
}

/// Asks a postmaster to stop, without waiting.
pub(crate) fn request_stop(_: &Server, _: &Path, pid: u32, how: Stop) -> io::Result<()> {
    let signal = match how {
        Stop::Fast => Signal::SIGINT,
        Stop::Immediate => Signal::SIGQUIT,
    };
    send(pid, signal)
}

/// Kills the postmaster and every process it started, as a power failure would.
///
/// `folder` is an ancestor of the data folder that no other process works in. The postmaster is
/// halted first, so that it neither starts new children nor reacts to the death of one. Its process
/// group is no help: every PostgreSQL child calls `setsid` (`InitPostmasterChild`).
pub(crate) fn crash(folder: &Path, postmaster: u32) -> io::Result<()> {
    send(postmaster, Signal::SIGSTOP)?;
    kill_members(folder, postmaster)?;
    send(postmaster, Signal::SIGKILL)?;
    // A child that was being made when the postmaster was halted.
    kill_members(folder, postmaster)
}

/// The children before their parent: they would report that it is gone.
fn kill_members(folder: &Path, postmaster: u32) -> io::Result<()> {
    loop {
        let mut children = members(folder, postmaster)?;
        children.retain(|pid| *pid != postmaster);
        if children.is_empty() {
            return Ok(());
        }
        for pid in children {
            send(pid, Signal::SIGKILL)?;
        }
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}

fn send(pid: u32, signal: Signal) -> io::Result<()> {
    let pid = i32::try_from(pid).map_err(io::Error::other)?;
    match kill(Pid::from_raw(pid), signal) {
        Ok(()) | Err(nix::errno::Errno::ESRCH) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

/// The living processes of the server in `folder`.
///
/// On Linux these are the ones whose working folder is inside: every PostgreSQL process changes to
/// its data folder, and orphans are found too. Elsewhere they are the postmaster's children.
fn members(folder: &Path, postmaster: u32) -> io::Result<Vec<u32>> {
    if Path::new("/proc/self/cwd").exists() {
        let processes = fs::read_dir("/proc")?.filter_map(Result::ok);
        let works_inside = processes.filter(|process| {
            fs::read_link(process.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(folder))
        });
        return Ok(works_inside
            .filter_map(|process| process.file_name().to_str()?.parse().ok())
            .collect());
    }
    let table = Command::new("ps").args(["-A", "-o", "pid=,ppid=,stat="]).output()?;
    let table = String::from_utf8_lossy(&table.stdout);
    Ok(table.lines().filter_map(|line| child_of(postmaster, line)).collect())
}

fn child_of(postmaster: u32, line: &str) -> Option<u32> {
    let mut words = line.split_whitespace();
    let pid = words.next()?.parse().ok()?;
    let parent: u32 = words.next()?.parse().ok()?;
    let is_dead = words.next()?.starts_with('Z');
    (parent == postmaster && !is_dead).then_some(pid)
}

/// Frees what a killed postmaster leaves in the system: its System V segment, named in
/// `postmaster.pid`. PostgreSQL's next start would, but there may be none.
pub(crate) fn release_shared_memory(data_dir: &Path) {
    let Ok(lock) = fs::read_to_string(data_dir.join("postmaster.pid")) else { return };
    let segment = lock.lines().nth(6).and_then(|line| line.split_whitespace().nth(1));
    if let Some(segment) = segment {
        // Best effort: 56 bytes are left where `ipcrm` is absent.
        let mut ipcrm = Command::new("ipcrm");
        ipcrm.args(["-m", segment]).stdin(Stdio::null());
        let _ = ipcrm.stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}
