//! The process that cleans up after a test process that cannot.

use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::unix::own_group;

/// A shell that outlives this process and then ends the cluster in one folder and removes it.
///
/// A guard inside the process would not run after `SIGKILL`, an abort or a Ctrl-C. The shell waits
/// for the end of a pipe whose other end is open (and close-on-exec) only here.
#[derive(Debug)]
pub(crate) struct Reaper {
    shell: Child,
}

impl Reaper {
    /// Starts to watch over `folder`, which need not exist yet.
    pub(crate) fn watch(folder: &Path) -> io::Result<Self> {
        Self::run(include_str!("reaper.sh"), folder)
    }

    /// Starts to watch over the folder that clusters' folders are in.
    pub(crate) fn watch_parent(folder: &Path) -> io::Result<Self> {
        Self::run(include_str!("parent_reaper.sh"), folder)
    }

    fn run(script: &str, folder: &Path) -> io::Result<Self> {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script, "steep-reaper"]).arg(folder);
        command.current_dir("/");
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        own_group(&mut command);
        Ok(Self { shell: command.spawn()? })
    }

    /// Tells which process is the postmaster now.
    pub(crate) fn postmaster(&mut self, pid: u32) -> io::Result<()> {
        self.say(&format!("postmaster {pid}"))
    }

    /// Nothing is left to be done, or it is somebody else's business now.
    pub(crate) fn dismiss(mut self) -> io::Result<()> {
        self.say("done")?;
        self.shell.wait()?;
        Ok(())
    }

    fn say(&mut self, line: &str) -> io::Result<()> {
        let pipe = self.shell.stdin.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        writeln!(pipe, "{line}")
    }
}
