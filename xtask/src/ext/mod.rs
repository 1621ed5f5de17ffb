//! `cargo xtask ext`: builds the extension for each major and installs it into its server.

mod build;
mod install;
pub(crate) mod scripts;

use std::env;

use anyhow::Result;
use steep_testkit::{Major, SERVERS_VARIABLE};

pub(crate) use self::build::command;
use crate::pg::{self, Installation};
use crate::prerequisites;
use crate::project::Project;
use crate::say;

/// Provides the servers, builds, installs.
pub(crate) fn run(project: &Project, majors: &[Major]) -> Result<()> {
    provide(project, majors).map(drop)
}

/// Provides the servers with the extension of this checkout in them.
pub(crate) fn provide(project: &Project, majors: &[Major]) -> Result<Vec<Installation>> {
    let installations = pg::provide(project, majors)?;
    prerequisites::for_building()?;
    let scripts = scripts::read(&project.extension())?;
    for installation in &installations {
        let library = build::build(project, installation)?;
        let changed = install::install(project, installation, &library, &scripts)?;
        let (major, version) = (installation.major, &scripts.version);
        say::progress(match changed {
            true => format!("PostgreSQL {major}: steep_repl {version} installed"),
            false => format!("PostgreSQL {major}: steep_repl {version} is up to date"),
        });
    }
    pg::list(project, &installations)?;
    Ok(installations)
}

/// Provides a server with the extension: the one that the user's own list has, as it is, else one
/// with the extension of this checkout.
pub(crate) fn ready(project: &Project, major: Major) -> Result<()> {
    let is_named = env::var_os(SERVERS_VARIABLE).is_some();
    let servers = project.servers();
    match servers.get(major) {
        Ok(server) if is_named && server.extension => {
            let prefix = server.prefix.display();
            say::progress(format!("PostgreSQL {major}: as it is in {prefix}"));
            Ok(())
        }
        _ => provide(project, &[major]).map(drop),
    }
}
