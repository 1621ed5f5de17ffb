//! This checkout: where its files are and where what is built from them goes.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use steep_testkit::{SERVERS_FILE, SERVERS_VARIABLE, Servers};

/// A checkout of the project.
#[derive(Debug)]
pub(crate) struct Project {
    root: PathBuf,
}

impl Project {
    /// The checkout that `cargo xtask` was run in.
    pub(crate) fn find() -> Result<Self> {
        let from = env::var_os("CARGO_MANIFEST_DIR")
            .map(PathBuf::from)
            .map_or_else(env::current_dir, Ok)
            .context("cannot tell the current folder; change into the checkout")?;
        let Some(root) = from.ancestors().find(|folder| folder.join("ext/steep_repl").is_dir())
        else {
            bail!("{} is not in a checkout of steep-repl; change into one", from.display());
        };
        let root = root.canonicalize();
        Ok(Self { root: root.with_context(|| format!("cannot read {}", from.display()))? })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The extension's sources.
    pub(crate) fn extension(&self) -> PathBuf {
        self.root.join("ext/steep_repl")
    }

    /// The list of servers; tests find it by themselves.
    pub(crate) fn servers_file(&self) -> PathBuf {
        env::var_os(SERVERS_VARIABLE).map_or_else(|| self.root.join(SERVERS_FILE), PathBuf::from)
    }

    /// The servers listed so far. A damaged list is as good as none: it is written anew.
    pub(crate) fn servers(&self) -> Servers {
        Servers::read(&self.servers_file()).unwrap_or_default()
    }

    /// Where cargo puts what it builds, found as cargo does for the commands of `xtask`.
    pub(crate) fn target(&self) -> PathBuf {
        let named = env::var_os("CARGO_TARGET_DIR").filter(|name| !name.is_empty());
        named.map_or_else(|| self.root.join("target"), |target| self.root.join(target))
    }

    /// Cargo, in this checkout.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.current_dir(&self.root).env("CARGO_TARGET_DIR", self.target());
        // `cargo run` sets these for xtask; they would reach build scripts and tests.
        for (name, _) in env::vars_os() {
            let is_ours = name.to_str().is_some_and(|name| {
                name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
            });
            if is_ours {
                command.env_remove(name);
            }
        }
        command
    }
}
