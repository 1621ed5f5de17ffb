//! What the commands need of the system: installed where that can be done, else named, with the
//! command that installs it.

mod libclang;
mod libraries;
mod missing;
mod os_user;
mod windows;

use anyhow::{Result, bail};
use steep_testkit::Clock;

use self::missing::Missing;
use crate::pg::Installation;

/// What building the extension and the parser of SQL needs.
pub(crate) fn for_building() -> Result<()> {
    missing::provide(|| Ok(libclang::missing().into_iter().collect()))
}

/// The OS user that runs servers.
pub(crate) fn server_user() -> Result<()> {
    os_user::provide()
}

/// What these servers are linked with.
pub(crate) fn for_servers(installations: &[Installation]) -> Result<()> {
    missing::provide(|| libraries::missing(installations))
}

/// What the tests need besides servers.
pub(crate) fn for_tests() -> Result<()> {
    missing::provide(|| Ok(faketime().into_iter().collect()))
}

/// What building for Windows, and running that, needs.
pub(crate) fn for_windows() -> Result<()> {
    if cfg!(windows) {
        bail!("this is Windows: cargo xtask test is all there is to do");
    }
    missing::provide(|| Ok(windows::missing()))
}

/// Only Linux' servers can be given another clock so far.
fn faketime() -> Option<Missing> {
    (cfg!(target_os = "linux") && !Clock::can_be_moved()).then(|| Missing {
        name: "libfaketime, which moves the clock of a cluster".to_owned(),
        debian: Some("libfaketime"),
        elsewhere: "dnf install libfaketime (or name the library in STEEP_LIBFAKETIME)",
    })
}
