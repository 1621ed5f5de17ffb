//! Where the tests' servers keep their data.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use steep_testkit::server_user_can_enter;

use crate::platform;

/// Several clusters of 50 MB each at a time, and room for what else uses the memory.
const MIN_BYTES: u64 = 4 << 30;

/// Memory where there is enough: a cluster then starts in half the time. A folder that the user
/// names in `TMPDIR` is the user's choice.
pub(crate) fn folder() -> Result<PathBuf> {
    let named = env::var_os("TMPDIR").is_some();
    let memory = Path::new("/dev/shm");
    let is_fit = |folder: &Path| -> Result<bool> {
        Ok(platform::available_space(folder).is_some_and(|bytes| bytes >= MIN_BYTES)
            && platform::runs_programs(folder)
            && server_user_can_enter(folder)?)
    };
    if !named && is_fit(memory)? {
        return Ok(memory.to_owned());
    }
    let folder = env::temp_dir();
    if !server_user_can_enter(&folder)? {
        bail!(
            "the OS user that runs the servers cannot enter the folder for temporary files, {}; \
             set TMPDIR to one that is open to it",
            folder.display()
        );
    }
    Ok(folder)
}
