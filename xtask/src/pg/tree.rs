//! A checkout's own server tree.
//!
//! Its files are hard links to the unpacked package, so it costs nothing. Nothing may ever be
//! written *through* one of them: what is installed is written beside and renamed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

use super::package::Package;
use super::unpack;
use crate::cache::{Cache, cannot_write};
use crate::platform;
use crate::project::Project;

/// The trees of all checkouts.
const TREES: &str = "trees";

/// Names the checkout that the trees beside it belong to.
const OWNER: &str = "checkout";

/// The tree of this checkout and the package it was made of, if they are there. What has such a
/// name is whole: it got it at the end.
pub(super) fn existing(project: &Project, package: &Package) -> Option<(PathBuf, PathBuf)> {
    let servers = project.servers();
    let (_, listed) = servers.iter().find(|(major, _)| *major == package.major)?;
    let tree = listed.prefix.clone();
    if !tree.ends_with(Path::new(TREES).join(key(project)).join(package.folder())) {
        return None;
    }
    let unpacked = unpack::folder(tree.ancestors().nth(3)?, package);
    (tree.join("bin").is_dir() && unpacked.is_dir()).then_some((tree, unpacked))
}

/// Makes the tree of this checkout, unless it is there.
pub(super) fn create(
    cache: &Cache,
    project: &Project,
    package: &Package,
    unpacked: &Path,
) -> Result<PathBuf> {
    let parent = cache.path(TREES).join(key(project));
    let tree = parent.join(package.folder());
    if tree.is_dir() {
        return Ok(tree);
    }
    let unfinished = cache.unfinished()?;
    let finish = || {
        link(unpacked, &unfinished.path().join("tree"))?;
        fs::create_dir_all(&parent)?;
        platform::open_to_everybody(&cache.path(TREES))?;
        platform::open_to_everybody(&parent)?;
        fs::write(parent.join(OWNER), project.root().as_os_str().as_encoded_bytes())?;
        fs::rename(unfinished.path().join("tree"), &tree)
    };
    finish().with_context(|| cannot_write(&tree))?;
    Ok(tree)
}

/// Removes the trees of checkouts that are gone.
pub(super) fn remove_orphans(cache: &Cache) -> Result<()> {
    let trees = cache.path(TREES);
    if !trees.is_dir() {
        return Ok(());
    }
    let remove = || {
        for entry in fs::read_dir(&trees)? {
            let folder = entry?.path();
            let owner = fs::read_to_string(folder.join(OWNER));
            if owner.is_ok_and(|owner| !Path::new(&owner).exists()) {
                fs::remove_dir_all(&folder)?;
            }
        }
        io::Result::Ok(())
    };
    remove().with_context(|| format!("cannot remove what is left in {}", trees.display()))
}

/// Short and without a character that some system forbids, whatever the checkout is called.
fn key(project: &Project) -> String {
    let hash = Sha256::digest(project.root().as_os_str().as_encoded_bytes());
    format!("{hash:x}")[..16].to_owned()
}

/// A copy of a folder, of hard links where the file system has them.
fn link(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    platform::open_to_everybody(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type()?;
        if kind.is_dir() {
            link(&source, &target)?;
        } else if kind.is_symlink() {
            platform::copy_link(&source, &target)?;
        } else if fs::hard_link(&source, &target).is_err() {
            fs::copy(&source, &target)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_has_the_files_of_its_source_and_its_own_folders() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs::create_dir_all(from.join("share/extension")).unwrap();
        fs::write(from.join("share/a"), "text").unwrap();
        link(&from, &to).unwrap();
        assert_eq!(fs::read_to_string(to.join("share/a")).unwrap(), "text");
        fs::write(to.join("share/extension/new"), "").unwrap();
        assert!(!from.join("share/extension/new").exists());
    }
}
