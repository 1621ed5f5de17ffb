//! `cluster down`: no process and no folder is left.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use super::description::{Description, FILE};
use super::links;
use crate::{daemons, say};

pub(super) fn run(folder: &Path) -> Result<()> {
    let Some(description) = Description::read(folder)? else {
        if folder.exists() {
            bail!("{} has no {FILE}, so it is not of `cluster up`; it is left", folder.display());
        }
        say::progress(format!("there are no clusters in {}", folder.display()));
        return Ok(());
    };
    // One process has them all.
    if let Some(control) = description.links.iter().find_map(|link| link.proxy_control.as_deref()) {
        links::end(control)?;
    }
    for node in &description.nodes {
        daemons::remove(&daemons::folder_of(folder, &node.name))?;
        node.cluster()?.remove()?;
        say::progress(format!("node {}: gone", node.name));
    }
    let certificates = folder.join("tls");
    if certificates.exists() {
        fs::remove_dir_all(&certificates)
            .with_context(|| format!("cannot remove {}", certificates.display()))?;
    }
    // Last: as long as it is there, what failed can be done again. Anything else in the folder is
    // the user's, and stays.
    let remove = || {
        let only_ours = fs::read_dir(folder)?.count() == 1;
        fs::remove_file(folder.join(FILE))?;
        if only_ours { fs::remove_dir(folder) } else { Ok(()) }
    };
    remove().with_context(|| format!("cannot remove {}", folder.display()))
}
