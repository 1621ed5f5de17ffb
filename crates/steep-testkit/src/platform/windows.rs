//! Windows: no change of user, no signals, and no process that cleans up after a killed test.

use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use super::{OsUserError, Stop};
use crate::servers::Server;

/// The servers run as the user that runs the test.
#[derive(Debug, Clone)]
pub(crate) struct OsUser;

impl OsUser {
    #[expect(clippy::unnecessary_wraps, reason = "other platforms look a user up")]
    pub(crate) fn for_servers() -> Result<Self, OsUserError> {
        Ok(Self)
    }
}

pub(crate) fn run_as(_: &mut Command, _: &OsUser) {}

#[expect(clippy::unnecessary_wraps, reason = "other platforms change the owner")]
pub(crate) fn give_to(_: &Path, _: &OsUser) -> io::Result<()> {
    Ok(())
}

/// Copies a folder that is not in use; `to` must not be there.
pub(crate) fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// The user's folder for temporary files is private already.
pub(crate) fn private_folder(path: &Path) -> io::Result<()> {
    fs::create_dir(path)
}

/// Makes a folder, unless it is there.
pub(crate) fn passable_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

/// The servers run as the user that runs the test.
pub(crate) fn can_enter(folder: &Path, _: &OsUser) -> bool {
    folder.is_dir()
}

/// Whether this process is a postmaster: the data folder of another process cannot be asked for.
pub(crate) fn is_postmaster(pid: u32, _: &Path) -> bool {
    let mut tasklist = Command::new("tasklist");
    tasklist.args(["/NH", "/FI", &format!("PID eq {pid}")]);
    tasklist.output().is_ok_and(|list| String::from_utf8_lossy(&list.stdout).contains("postgres"))
}

/// Whether the server in `folder` is alive; its children end with it.
#[expect(clippy::unnecessary_wraps, reason = "other platforms read the table of processes")]
pub(crate) fn has_processes(folder: &Path, postmaster: u32) -> io::Result<bool> {
    Ok(is_postmaster(postmaster, folder))
}

#[expect(clippy::unnecessary_wraps, reason = "other platforms change the mode")]
pub(crate) fn make_private(_: &Path) -> io::Result<()> {
    Ok(())
}

#[expect(clippy::unnecessary_wraps, reason = "other platforms change the mode")]
pub(crate) fn make_readable(_: &Path) -> io::Result<()> {
    Ok(())
}

/// A Ctrl-C reaches the servers too; there is nothing wrong with that.
pub(crate) fn own_group(_: &mut Command) {}

/// Asks a postmaster to stop, without waiting.
pub(crate) fn request_stop(server: &Server, data_dir: &Path, _: u32, how: Stop) -> io::Result<()> {
    let mode = match how {
        Stop::Fast => "fast",
        Stop::Immediate => "immediate",
    };
    let mut pg_ctl = Command::new(server.bin("pg_ctl"));
    pg_ctl.args(["stop", "--no-wait", "--silent", "--mode", mode, "--pgdata"]).arg(data_dir);
    quietly(pg_ctl)
}

/// Kills the postmaster and every process it started.
pub(crate) fn crash(_: &Path, postmaster: u32) -> io::Result<()> {
    let mut taskkill = Command::new("taskkill");
    taskkill.args(["/F", "/T", "/PID", &postmaster.to_string()]);
    quietly(taskkill)
}

fn quietly(mut command: Command) -> io::Result<()> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().map(|_| ())
}

/// The system frees the memory of a process that is gone.
pub(crate) fn release_shared_memory(_: &Path) {}

/// Stands where other platforms watch over a folder.
#[derive(Debug)]
pub(crate) struct Reaper;

#[expect(clippy::unnecessary_wraps, clippy::unused_self, reason = "other platforms do more")]
impl Reaper {
    pub(crate) fn watch(_: &Path) -> io::Result<Self> {
        Ok(Self)
    }

    pub(crate) fn watch_parent(_: &Path) -> io::Result<Self> {
        Ok(Self)
    }

    pub(crate) fn postmaster(&mut self, _: u32) -> io::Result<()> {
        Ok(())
    }

    pub(crate) fn dismiss(self) -> io::Result<()> {
        Ok(())
    }
}
