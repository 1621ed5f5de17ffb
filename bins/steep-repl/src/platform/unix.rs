//! Unix: signals and modes.

use std::io;
use std::path::Path;

use steep_ipc::Exit;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::error::Error;

/// The signals that end a daemon.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// From now on they do not end the process by themselves.
    pub(crate) fn catch() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// The name of the next one.
    pub(crate) async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

/// A service is a process like any other.
pub(crate) fn as_service(run: impl FnOnce() -> Result<Exit, Error>) -> Result<Exit, Error> {
    run()
}

/// Only the owner may look into the folder.
pub(crate) fn make_private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))
}

/// Whether there is such an OS user.
pub(crate) fn is_user(name: &str) -> io::Result<bool> {
    Ok(nix::unistd::User::from_name(name)?.is_some())
}
