//! The extension's library, for one major.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::pg::Installation;
use crate::project::Project;
use crate::{process, say};

/// Builds the library; quick when nothing has changed.
pub(super) fn build(project: &Project, installation: &Installation) -> Result<PathBuf> {
    say::progress(format!("PostgreSQL {}: building the extension", installation.major));
    process::show(command(project, installation, "build")?).context(
        "the extension was not built; the first error above says why (a missing header of \
         PostgreSQL or of libclang is the usual reason on a new machine)",
    )?;
    let file = format!("{DLL_PREFIX}steep_repl{DLL_SUFFIX}");
    let library = target(project, installation).join("release").join(file);
    if !library.is_file() {
        bail!("cargo built the extension, but not {}", library.display());
    }
    Ok(library)
}

/// A command of cargo on the extension, with this server's headers.
pub(crate) fn command(
    project: &Project,
    installation: &Installation,
    verb: &str,
) -> Result<Command> {
    let target = target(project, installation);
    let home = target.join("pgrx-home");
    let config = pgrx_config(installation);
    write_if_new(&home.join("config.toml"), &config)
        .with_context(|| format!("cannot write {}", home.display()))?;
    let mut cargo = project.cargo();
    cargo.args([verb, "--release", "--package", "steep_repl", "--no-default-features"]);
    cargo.arg(format!("--features=pg{}", installation.major));
    cargo.env("PGRX_HOME", home).env("CARGO_TARGET_DIR", target);
    Ok(cargo)
}

/// Each major has a folder of its own: cargo gives the libraries of all of them the same name, and
/// would take one for another.
fn target(project: &Project, installation: &Installation) -> PathBuf {
    project.target().join("ext").join(format!("pg{}", installation.major))
}

/// What `cargo pgrx init` would write, as the build script of pgrx-pg-sys reads it.
fn pgrx_config(installation: &Installation) -> String {
    let path = installation.pg_config.display().to_string().replace('\\', "\\\\");
    format!("[configs]\npg{} = \"{}\"\n", installation.major, path.replace('"', "\\\""))
}

/// Cargo builds again when the time of the file changes.
fn write_if_new(path: &Path, text: &str) -> std::io::Result<()> {
    if fs::read(path).is_ok_and(|present| present == text.as_bytes()) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text)
}
