//! Into the server: every file at once, only when it differs, never through a hard link.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::scripts::Scripts;
use crate::pg::Installation;
use crate::platform;
use crate::project::Project;

/// Installs the extension and removes what an earlier version left; says whether anything changed.
pub(super) fn install(
    project: &Project,
    installation: &Installation,
    library: &Path,
    scripts: &Scripts,
) -> Result<bool> {
    let library =
        fs::read(library).with_context(|| format!("cannot read {}", library.display()))?;
    let mut wanted = vec![(installation.extension_library(), library.as_slice())];
    for (name, content) in &scripts.files {
        wanted.push((installation.extensions.join(name), content));
    }
    let outdated = outdated(&installation.extensions, &wanted);
    let install = || {
        for path in &outdated {
            fs::remove_file(path)?;
        }
        let mut changed = !outdated.is_empty();
        for (path, content) in &wanted {
            changed |= replace(path, content)?;
        }
        io::Result::Ok(changed)
    };
    install().with_context(|| cannot_install(project, installation))
}

fn cannot_install(project: &Project, installation: &Installation) -> String {
    let Installation { major, libraries, extensions, .. } = installation;
    let (libraries, extensions) = (libraries.display(), extensions.display());
    format!(
        "cannot install the extension of {} into PostgreSQL {major}, which looks for it in \
         {libraries} and {extensions}; make both writable for you, or unset \
         STEEP_PG_CONFIG_{major} to use a server of the checkout's own",
        project.root().display()
    )
}

/// Files of the extension that are not wanted (any more).
fn outdated(folder: &Path, wanted: &[(PathBuf, &[u8])]) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_name().to_str().is_some_and(is_ours))
        .map(|entry| entry.path())
        .filter(|path| !wanted.iter().any(|(wanted, _)| wanted == path))
        .collect()
}

fn is_ours(name: &str) -> bool {
    name.starts_with("steep_repl--") || name.starts_with("steep_repl.")
}

/// Gives `path` this content, by a rename; says whether it had another.
fn replace(path: &Path, content: &[u8]) -> io::Result<bool> {
    if fs::read(path).is_ok_and(|present| present == content) {
        return Ok(false);
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(content)?;
    platform::open_to_everybody(file.path())?;
    file.persist(path).map_err(|failed| failed.error)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hard_linked_file_is_replaced_and_not_written_through() {
        let folder = tempfile::tempdir().unwrap();
        let (shared, own) = (folder.path().join("shared"), folder.path().join("own"));
        fs::write(&shared, "old").unwrap();
        fs::hard_link(&shared, &own).unwrap();
        assert!(replace(&own, b"new").unwrap());
        assert!(!replace(&own, b"new").unwrap());
        assert_eq!(fs::read(&own).unwrap(), b"new");
        assert_eq!(fs::read(&shared).unwrap(), b"old");
    }

    #[test]
    fn only_what_an_earlier_version_left_is_outdated() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["steep_repl--0.9.sql", "steep_repl--1.0.sql", "hstore--1.0.sql"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let wanted: Vec<(PathBuf, &[u8])> = vec![(folder.path().join("steep_repl--1.0.sql"), b"")];
        assert_eq!(outdated(folder.path(), &wanted), [folder.path().join("steep_repl--0.9.sql")]);
    }
}
