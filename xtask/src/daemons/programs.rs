//! The daemon and its command line, built from this checkout.

use std::env::consts::EXE_SUFFIX;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::project::Project;
use crate::{process, say};

/// Where the programs are.
#[derive(Debug, Clone)]
pub(crate) struct Programs {
    folder: PathBuf,
}

impl Programs {
    /// Builds them; quick when nothing has changed.
    pub(crate) fn build(project: &Project) -> Result<Self> {
        Self::build_into(project, "debug", &[])
    }

    /// As users have them, for measurements.
    pub(crate) fn build_optimized(project: &Project) -> Result<Self> {
        Self::build_into(project, "release", &["--release"])
    }

    fn build_into(project: &Project, folder: &str, options: &[&str]) -> Result<Self> {
        say::progress("building steep-repl and steep-replctl");
        let mut cargo = project.cargo();
        cargo.args(["build", "--quiet", "--package", "steep-repl", "--package", "steep-replctl"]);
        cargo.args(options);
        process::show(cargo)
            .context("the programs were not built; the first error above says why")?;
        Ok(Self { folder: project.target().join(folder) })
    }

    /// The daemon.
    pub(crate) fn daemon(&self) -> Command {
        Command::new(self.folder.join(format!("steep-repl{EXE_SUFFIX}")))
    }

    /// The operator's command line, for the daemon with this configuration.
    pub(crate) fn ctl(&self, config: &Path) -> Command {
        let mut command = self.bare_ctl();
        command.arg("--config").arg(config);
        command
    }

    /// The operator's command line.
    pub(crate) fn bare_ctl(&self) -> Command {
        Command::new(self.folder.join(format!("steep-replctl{EXE_SUFFIX}")))
    }
}
