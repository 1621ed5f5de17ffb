//! The seam to the operating system: users, process groups, signals, what outlives the test.
//!
//! Every platform has the same functions; nothing outside this folder may assume one of them.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
mod unix_reaper;
#[cfg(unix)]
pub(crate) use self::unix::{
    OsUser, can_enter, copy_folder, crash, give_to, has_processes, is_postmaster, make_private,
    make_readable, own_group, passable_folder, private_folder, release_shared_memory, request_stop,
    run_as,
};
#[cfg(unix)]
pub(crate) use self::unix_reaper::Reaper;

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub(crate) use self::windows::{
    OsUser, Reaper, can_enter, copy_folder, crash, give_to, has_processes, is_postmaster,
    make_private, make_readable, own_group, passable_folder, private_folder, release_shared_memory,
    request_stop, run_as,
};

use std::path::Path;

/// Whether the OS user that runs the servers can enter a folder.
///
/// # Errors
/// When there is no such user.
pub fn server_user_can_enter(folder: &Path) -> Result<bool, OsUserError> {
    Ok(can_enter(folder, &OsUser::for_servers()?))
}

/// How a running server is asked to stop; PostgreSQL's own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Sessions are ended, a last checkpoint is written.
    Fast,
    /// Everything ends at once; the next start recovers from the WAL.
    Immediate,
}

/// Why there is no OS user to run the servers.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OsUserError {
    /// The user does not exist.
    #[error(
        "PostgreSQL refuses to run as root and there is no OS user {name:?}; run `useradd \
         --system --user-group {name}`, or name another user in STEEP_PG_OS_USER"
    )]
    Missing {
        /// The user that was looked for.
        name: String,
    },
    /// The system's user database cannot be read.
    #[error("cannot look up the OS user {name:?}")]
    Lookup {
        /// The user that was looked for.
        name: String,
        /// What the operating system said.
        source: std::io::Error,
    },
}
