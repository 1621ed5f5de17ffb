//! An installed PostgreSQL, as its `pg_config` describes it.

use std::env::consts::DLL_SUFFIX;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, anyhow, bail};
use steep_testkit::Major;

use crate::process;

/// A server with headers, of a known major.
#[derive(Debug)]
pub(crate) struct Installation {
    pub(crate) major: Major,
    /// The full version, for example `18.6`.
    pub(crate) version: String,
    /// The folder that holds `bin`.
    pub(crate) prefix: PathBuf,
    /// The `pg_config` to build with. Cargo builds again when it is another, so it is the same for
    /// all checkouts that have the same server.
    pub(crate) pg_config: PathBuf,
    /// Where the server looks for libraries.
    pub(crate) libraries: PathBuf,
    /// Where the server looks for control files and scripts of extensions.
    pub(crate) extensions: PathBuf,
}

impl Installation {
    /// Asks a `pg_config`, and checks that it answers for this major and has the headers.
    pub(crate) fn ask(major: Major, pg_config: &Path) -> Result<Self> {
        let ask = |what: &str| process::last_line(Command::new(pg_config).arg(what));
        let said = ask("--version")?;
        let version = said
            .strip_prefix("PostgreSQL ")
            .and_then(|rest| rest.split_whitespace().next())
            .ok_or_else(|| anyhow!("it is no pg_config: it says {said:?} of its version"))?;
        if leading_number(version) != Some(major.number()) {
            bail!("it belongs to PostgreSQL {version}, not {major}");
        }
        let header = PathBuf::from(ask("--includedir-server")?).join("postgres.h");
        if !header.is_file() {
            bail!(
                "PostgreSQL {version} is there without its headers: no {}; install the package \
                 that has them (Debian: postgresql-server-dev-{major}, Fedora: \
                 postgresql-server-devel)",
                header.display()
            );
        }
        let bin = PathBuf::from(ask("--bindir")?);
        let prefix = bin.parent().context("its programs are in the root folder")?.to_owned();
        let installation = Self {
            major,
            version: version.to_owned(),
            prefix,
            pg_config: pg_config.to_owned(),
            libraries: ask("--pkglibdir")?.into(),
            extensions: PathBuf::from(ask("--sharedir")?).join("extension"),
        };
        for program in ["postgres", "initdb"] {
            let path = installation.program(program);
            if !path.is_file() {
                bail!("PostgreSQL {version} is there without its server: no {}", path.display());
            }
        }
        Ok(installation)
    }

    /// A checkout's tree of an unpacked package.
    pub(super) fn of_package(major: Major, tree: &Path, unpacked: &Path) -> Result<Self> {
        let pg_config = |folder: &Path| folder.join("bin").join(exe("pg_config"));
        let installation = Self::ask(major, &pg_config(tree)).with_context(|| {
            format!("PostgreSQL {major} in {} cannot be used; remove that folder", tree.display())
        })?;
        Ok(Self { pg_config: pg_config(unpacked), ..installation })
    }

    /// The path of one of its programs.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.prefix.join("bin").join(exe(name))
    }

    /// The extension's library, whether it is there or not.
    pub(crate) fn extension_library(&self) -> PathBuf {
        self.libraries.join(format!("steep_repl{DLL_SUFFIX}"))
    }

    pub(crate) fn has_extension(&self) -> bool {
        self.extension_library().is_file() && self.extensions.join("steep_repl.control").is_file()
    }
}

fn exe(name: &str) -> String {
    format!("{name}{}", std::env::consts::EXE_SUFFIX)
}

/// `18` of `18.6`, `18beta1` and `18devel`.
fn leading_number(version: &str) -> Option<u32> {
    let end = version.find(|c: char| !c.is_ascii_digit()).unwrap_or(version.len());
    version[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_is_what_the_version_begins_with() {
        assert_eq!(leading_number("18.6"), Some(18));
        assert_eq!(leading_number("18beta1"), Some(18));
        assert_eq!(leading_number("devel"), None);
    }

    #[cfg(unix)]
    mod made_up {
        use std::fs;
        use std::os::unix::fs::PermissionsExt as _;

        use super::*;

        /// A `pg_config` that answers every question with a line of `case`.
        fn pg_config(folder: &Path, cases: &str) -> PathBuf {
            let path = folder.join("pg_config");
            fs::write(&path, format!("#!/bin/sh\ncase $1 in\n{cases}\nesac\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
            path
        }

        #[test]
        fn another_major_is_refused() {
            let folder = tempfile::tempdir().unwrap();
            let pg_config = pg_config(folder.path(), "--version) echo PostgreSQL 15.4 ;;");
            let said = Installation::ask(Major::V16, &pg_config).unwrap_err().to_string();
            assert!(said.contains("15.4") && said.contains("not 16"), "{said}");
        }

        #[test]
        fn a_server_without_headers_is_refused() {
            let folder = tempfile::tempdir().unwrap();
            let cases = "--version) echo PostgreSQL 16.1 ;;\n*) echo /nowhere ;;";
            let pg_config = pg_config(folder.path(), cases);
            let said = Installation::ask(Major::V16, &pg_config).unwrap_err().to_string();
            assert!(said.contains("postgres.h") && said.contains("server-dev-16"), "{said}");
        }

        #[test]
        fn another_program_is_refused() {
            let folder = tempfile::tempdir().unwrap();
            let pg_config = pg_config(folder.path(), "*) echo hello ;;");
            let said = Installation::ask(Major::V16, &pg_config).unwrap_err().to_string();
            assert!(said.contains("hello"), "{said}");
        }
    }
}
