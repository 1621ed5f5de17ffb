//! Ways to make a daemon's folder take no more files.

use std::error::Error;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::support::Outcome;

/// A folder on a disk that can be filled.
///
/// On Linux, as root, it is a small file system in memory; elsewhere the folder itself is exchanged
/// for a file, and every write fails just the same, for another reason.
pub(super) struct Disk {
    folder: TempDir,
    is_mounted: bool,
}

impl Disk {
    pub(super) fn new() -> Result<Self, Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let inner = folder.path().join("disk");
        fs::create_dir(&inner)?;
        let mounted = mount(&inner);
        if let Err(why) = &mounted {
            let told = "no small disk can be mounted; the folder is exchanged for a file instead";
            writeln!(std::io::stderr(), "{told}: {why}")?;
        }
        Ok(Self { folder, is_mounted: mounted.is_ok() })
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    /// Makes a path that does not exist lead there.
    pub(super) fn lend(&self, path: &Path) -> Outcome {
        Ok(std::os::unix::fs::symlink(self.path(), path)?)
    }

    /// What the operating system says of a write now.
    pub(super) fn why(&self) -> &'static str {
        if self.is_mounted { "No space left on device" } else { "Not a directory" }
    }

    /// Whether the folder is one also when it is full.
    pub(super) fn is_there(&self) -> bool {
        self.is_mounted
    }

    pub(super) fn fill(&self) -> Outcome {
        if !self.is_mounted {
            fs::rename(self.path(), self.aside())?;
            File::create(self.path())?;
            return Ok(());
        }
        let mut filling = File::create(self.path().join("filling"))?;
        let block = vec![0; 1 << 20];
        loop {
            match filling.write_all(&block) {
                Ok(()) => {}
                Err(error) if error.kind() == std::io::ErrorKind::StorageFull => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }

    pub(super) fn make_room(&self) -> Outcome {
        if self.is_mounted {
            return Ok(fs::remove_file(self.path().join("filling"))?);
        }
        fs::remove_file(self.path())?;
        Ok(fs::rename(self.aside(), self.path())?)
    }

    fn aside(&self) -> PathBuf {
        self.folder.path().join("aside")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // The folder under it can be removed then.
        if self.is_mounted {
            unmount(&self.path());
        }
    }
}

/// Mounts a file system in memory that only this thread, and what it starts, can see: it ends with
/// them, however that happens.
#[cfg(target_os = "linux")]
fn mount(folder: &Path) -> nix::Result<()> {
    use nix::mount::{MsFlags, mount};
    use nix::sched::{CloneFlags, unshare};

    // A little more than the free space that the daemon thinks little of.
    const SIZE: &str = "size=300m";
    const NONE: Option<&str> = None;
    unshare(CloneFlags::CLONE_NEWNS)?;
    mount(NONE, "/", NONE, MsFlags::MS_REC | MsFlags::MS_PRIVATE, NONE)?;
    mount(Some("tmpfs"), folder, Some("tmpfs"), MsFlags::empty(), Some(SIZE))
}

#[cfg(target_os = "linux")]
fn unmount(folder: &Path) {
    // What is in the way of it goes with the thread.
    let _ = nix::mount::umount2(folder, nix::mount::MntFlags::MNT_DETACH);
}

#[cfg(not(target_os = "linux"))]
fn unmount(_: &Path) {}

#[cfg(not(target_os = "linux"))]
fn mount(_: &Path) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}

/// A folder that is somewhere else, and a file where it was.
pub(super) struct TakenAway {
    path: PathBuf,
    aside: PathBuf,
}

pub(super) fn take_away(path: &Path) -> Result<TakenAway, Box<dyn Error>> {
    let (path, aside) = (path.to_owned(), path.with_extension("aside"));
    fs::rename(&path, &aside)?;
    File::create(&path)?;
    Ok(TakenAway { path, aside })
}

impl TakenAway {
    pub(super) fn bring_back(self) -> Outcome {
        fs::remove_file(&self.path)?;
        Ok(fs::rename(self.aside, self.path)?)
    }
}
