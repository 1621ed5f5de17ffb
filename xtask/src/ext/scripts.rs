//! The extension's control file and SQL scripts, as they are installed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// What is installed beside the library.
#[derive(Debug)]
pub(crate) struct Scripts {
    /// The control file's `default_version`.
    pub(crate) version: String,
    /// File names and contents.
    pub(super) files: Vec<(String, Vec<u8>)>,
}

/// Reads the sources below `ext/steep_repl`.
pub(super) fn read(extension: &Path) -> Result<Scripts> {
    let control = extension.join("steep_repl.control");
    let text = fs::read_to_string(&control)
        .with_context(|| format!("cannot read {}", control.display()))?;
    let version = default_version(&text)
        .with_context(|| format!("{} has no line default_version = '…'", control.display()))?;
    let install = concatenated(&extension.join("sql/install"))?;
    let mut files = vec![(format!("steep_repl--{version}.sql"), install)];
    for folder in ["sql/released", "sql/upgrade"] {
        for path in scripts_in(&extension.join(folder))? {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let text = with_includes(&read_file(&path)?, &extension.join("sql"))
                .with_context(|| format!("cannot put {} together", path.display()))?;
            files.push((name, text));
        }
    }
    // Last: it makes the extension visible.
    files.push(("steep_repl.control".to_owned(), text.into_bytes()));
    Ok(Scripts { version, files })
}

/// The version that `create extension` installs.
pub(crate) fn default_version(control: &str) -> Option<String> {
    let value = control.lines().find_map(|line| line.trim().strip_prefix("default_version"))?;
    let value = value.trim().strip_prefix('=')?.trim();
    Some(value.strip_prefix('\'')?.split_once('\'')?.0.to_owned())
}

/// The install script is kept in parts, which are run in the order of their names.
fn concatenated(folder: &Path) -> Result<Vec<u8>> {
    let mut whole = Vec::new();
    for path in scripts_in(folder)? {
        whole.extend(read_file(&path)?);
    }
    Ok(whole)
}

/// Replaces lines `--@include install/…` by the file they name, so that an upgrade to the version in
/// work says the same as its install script. A released upgrade script is kept in full.
fn with_includes(script: &[u8], sql: &Path) -> Result<Vec<u8>> {
    let mut whole = Vec::new();
    for line in script.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_prefix(b"--@include ") {
            Some(path) => {
                let path = String::from_utf8_lossy(path);
                whole.extend(read_file(&sql.join(path.trim()))?);
            }
            None => whole.extend_from_slice(line),
        }
    }
    Ok(whole)
}

fn scripts_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)
        .and_then(Iterator::collect::<io::Result<Vec<_>>>)
        .with_context(|| format!("cannot read {}", folder.display()))?;
    let paths = entries.into_iter().map(|entry| entry.path());
    let mut paths: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|kind| kind == "sql")).collect();
    paths.sort();
    Ok(paths)
}

fn read_file(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_install_script_is_the_parts_in_order() {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in [
            ("sql/install/020_b.sql", "b;\n"),
            ("sql/install/010_a.sql", "a;\n"),
            ("sql/install/notes.txt", "no\n"),
            ("sql/released/steep_repl--1.0.sql", "old;\n"),
            ("sql/upgrade/steep_repl--1.0--1.1.sql", "up;\n--@include install/020_b.sql\n"),
            ("steep_repl.control", "default_version = '1.1'\n"),
        ] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let scripts = read(folder.path()).unwrap();
        let names: Vec<_> = scripts.files.iter().map(|(name, _)| name.as_str()).collect();
        let expected = [
            "steep_repl--1.1.sql",
            "steep_repl--1.0.sql",
            "steep_repl--1.0--1.1.sql",
            "steep_repl.control",
        ];
        assert_eq!(names, expected);
        assert_eq!(scripts.files[0].1, b"a;\nb;\n");
        assert_eq!(scripts.files[2].1, b"up;\nb;\n");
    }

    #[test]
    fn a_control_file_without_a_version_has_none() {
        assert_eq!(default_version("comment = 'x'\n"), None);
        assert_eq!(default_version("default_version='0.2.0' # now\n"), Some("0.2.0".into()));
    }
}
