//! The OS user that runs the servers when root runs the tests.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};
use steep_testkit::{OsUserError, server_user_can_enter};

use crate::{process, say};

/// Makes the user, if root needs one and it is not there; an ordinary user needs none.
pub(super) fn provide() -> Result<()> {
    // Everybody can enter it: what is asked is whether there is a user.
    let name = match server_user_can_enter(Path::new("/")) {
        Ok(_) => return Ok(()),
        Err(OsUserError::Missing { name }) => name,
        Err(error) => return Err(error.into()),
    };
    say::progress(format!("making the OS user {name}, as PostgreSQL refuses to run as root"));
    let mut useradd = Command::new("useradd");
    useradd.args(["--system", "--user-group", &name]);
    let output = process::output(&mut useradd)?;
    if !output.status.success() {
        bail!(
            "`{}` failed ({}): {}; make that user, or name an existing one in STEEP_PG_OS_USER",
            process::line(&useradd),
            output.status,
            process::said(&output)
        );
    }
    Ok(())
}
