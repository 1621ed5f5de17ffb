//! Wine, which runs programs for Windows.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use steep_testkit::GuardedFolder;

use super::toolchain::GCC;
use crate::{cache, process};

/// The program.
pub(crate) const WINE: &str = "wine";

/// Ends what Wine keeps running for a prefix.
const SERVER: &str = "wineserver";

/// A Windows of our own: drive C, registry, services. It goes, with all that runs in it, when the
/// value is dropped.
#[derive(Debug)]
pub(super) struct Prefix {
    folder: GuardedFolder,
}

impl Prefix {
    /// Makes one in the folder for temporary files.
    pub(super) fn create() -> Result<Self> {
        let path = std::env::temp_dir().join(format!("steep-wine-{}", std::process::id()));
        let folder = GuardedFolder::create(&path).with_context(|| cache::cannot_write(&path))?;
        let prefix = Self { folder };
        // What they leave running would hold a pipe open for ever.
        let quietly =
            |command: &mut Command| command.stdout(Stdio::null()).stderr(Stdio::null()).status();
        let booted = quietly(prefix.command(WINE).args(["wineboot", "--init"]));
        if !booted.context("Wine cannot be run")?.success() {
            bail!("Wine does not start; `wineboot --init` in an empty WINEPREFIX says why");
        }
        prefix.add_process_prng()?;
        Ok(prefix)
    }

    /// A program of the host, told to use this prefix.
    pub(super) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        self.apply(&mut command);
        command
    }

    /// Lets whatever runs Wine in `command` use this prefix.
    pub(super) fn apply(&self, command: &mut Command) {
        command.env("WINEPREFIX", self.folder.path()).env("WINEDEBUG", "-all");
        // No window, no question whether to install what is not needed here.
        command.env_remove("DISPLAY").env("WINEDLLOVERRIDES", "mscoree,mshtml=");
        command.stdin(Stdio::null());
    }

    /// A program for Windows, to be run.
    pub(super) fn program(&self, path: &Path) -> Command {
        let mut command = self.command(WINE);
        command.arg(path);
        command
    }

    /// A folder for what a test writes, and its name on drive C.
    pub(super) fn folder(&self, name: &str) -> Result<(PathBuf, String)> {
        let folder = self.folder.path().join("drive_c").join(name);
        fs::create_dir_all(&folder).with_context(|| cache::cannot_write(&folder))?;
        Ok((folder, format!(r"C:\{name}")))
    }

    fn add_process_prng(&self) -> Result<()> {
        let source = self.folder.path().join("process_prng.c");
        let library = self.folder.path().join("drive_c/windows/system32/bcryptprimitives.dll");
        if library.exists() {
            return Ok(());
        }
        let wrote = fs::write(&source, include_str!("process_prng.c"));
        wrote.with_context(|| cache::cannot_write(&source))?;
        let mut gcc = Command::new(GCC);
        gcc.args(["-shared", "-O", "-o"]).arg(library).arg(source).arg("-ladvapi32");
        process::last_line(&mut gcc).map(drop)
    }
}

impl Drop for Prefix {
    fn drop(&mut self) {
        // One that has ended by itself already is no failure.
        for what in ["--kill", "--wait"] {
            let _ = process::output(self.command(SERVER).arg(what));
        }
    }
}
