//! Where files are, on each operating system; nothing else in this crate knows which one it is.

use crate::Environment;
use std::path::PathBuf;

/// The configuration file that is read when none is named: `$XDG_CONFIG_HOME/steep/config.yaml`,
/// which is `~/.config/steep/config.yaml` unless set; `%APPDATA%\steep\config.yaml` on Windows. A
/// service without a home directory gets `/etc/steep/config.yaml`.
#[must_use]
pub fn default_file(environment: &Environment) -> Option<PathBuf> {
    Some(os::config_folder(environment)?.join("steep").join("config.yaml"))
}

/// The password file of PostgreSQL's clients: `$PGPASSFILE`, else `~/.pgpass`, or
/// `%APPDATA%\postgresql\pgpass.conf` on Windows.
#[must_use]
pub fn password_file(environment: &Environment) -> Option<PathBuf> {
    match environment.get_filled("PGPASSFILE") {
        Some(path) => Some(path.into()),
        None => os::password_file(environment),
    }
}

/// Where the daemon keeps its lock file unless told otherwise.
pub(crate) fn data_folder(environment: &Environment) -> PathBuf {
    os::data_folder(environment)
}

pub(crate) use os::{readable_by_others, variable_name};

/// An absolute path from a variable; a relative one counts as unset, as the XDG specification says.
fn folder(environment: &Environment, variable: &str) -> Option<PathBuf> {
    environment.get(variable).map(PathBuf::from).filter(|path| path.is_absolute())
}

#[cfg(unix)]
mod os {
    use super::{Environment, PathBuf, folder};
    use std::ffi::OsString;
    use std::fs::Metadata;
    use std::os::unix::fs::MetadataExt;

    pub(super) fn config_folder(environment: &Environment) -> Option<PathBuf> {
        let home = || folder(environment, "HOME").map(|home| home.join(".config"));
        folder(environment, "XDG_CONFIG_HOME").or_else(home).or_else(|| Some("/etc".into()))
    }

    pub(super) fn password_file(environment: &Environment) -> Option<PathBuf> {
        folder(environment, "HOME").map(|home| home.join(".pgpass"))
    }

    pub(super) fn data_folder(environment: &Environment) -> PathBuf {
        let home = || folder(environment, "HOME").map(|home| home.join(".local/state"));
        folder(environment, "XDG_STATE_HOME")
            .or_else(home)
            .unwrap_or_else(|| "/var/lib".into())
            .join("steep")
    }

    /// A name as it is looked up.
    pub(crate) fn variable_name(name: OsString) -> OsString {
        name
    }

    /// Whether somebody but the owner can read the file. As in libpq, the group may read a file that
    /// belongs to root: that is how a system hands a secret to a service.
    pub(crate) fn readable_by_others(metadata: &Metadata) -> bool {
        let forbidden = if metadata.uid() == 0 { 0o037 } else { 0o077 };
        metadata.mode() & forbidden != 0
    }
}

#[cfg(windows)]
mod os {
    use super::{Environment, PathBuf, folder};
    use std::ffi::OsString;
    use std::fs::Metadata;

    pub(super) fn config_folder(environment: &Environment) -> Option<PathBuf> {
        folder(environment, "APPDATA")
    }

    pub(super) fn password_file(environment: &Environment) -> Option<PathBuf> {
        folder(environment, "APPDATA").map(|data| data.join("postgresql").join("pgpass.conf"))
    }

    pub(super) fn data_folder(environment: &Environment) -> PathBuf {
        folder(environment, "LOCALAPPDATA")
            .or_else(|| folder(environment, "ProgramData"))
            .unwrap_or_else(|| r"C:\ProgramData".into())
            .join("steep")
    }

    /// A name as it is looked up: Windows takes capital and small letters for the same.
    pub(crate) fn variable_name(name: OsString) -> OsString {
        name.to_ascii_uppercase()
    }

    /// The files of a user's profile are closed to others unless somebody opened them; as libpq, we
    /// ask no further.
    pub(crate) fn readable_by_others(_: &Metadata) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn paths_follow_home_and_the_xdg_variables() {
        let home = Environment::from_iter([("HOME", "/anna")]);
        assert_eq!(default_file(&home), Some("/anna/.config/steep/config.yaml".into()));
        assert_eq!(password_file(&home), Some("/anna/.pgpass".into()));
        assert_eq!(data_folder(&home), PathBuf::from("/anna/.local/state/steep"));

        let xdg = Environment::from_iter([("HOME", "/h"), ("XDG_CONFIG_HOME", "/c")]);
        assert_eq!(default_file(&xdg), Some("/c/steep/config.yaml".into()));
        let relative = Environment::from_iter([("HOME", "/h"), ("XDG_CONFIG_HOME", "c")]);
        assert_eq!(default_file(&relative), Some("/h/.config/steep/config.yaml".into()));

        let service = Environment::default();
        assert_eq!(default_file(&service), Some("/etc/steep/config.yaml".into()));
        assert_eq!(password_file(&service), None);
        assert_eq!(data_folder(&service), PathBuf::from("/var/lib/steep"));
    }

    #[test]
    #[cfg(windows)]
    fn paths_follow_the_profile() {
        let profile = Environment::from_iter([
            ("APPDATA", r"D:\anna\AppData\Roaming"),
            ("LOCALAPPDATA", r"D:\anna\AppData\Local"),
        ]);
        assert_eq!(
            default_file(&profile),
            Some(r"D:\anna\AppData\Roaming\steep\config.yaml".into())
        );
        assert_eq!(
            password_file(&profile),
            Some(r"D:\anna\AppData\Roaming\postgresql\pgpass.conf".into())
        );
        assert_eq!(data_folder(&profile), PathBuf::from(r"D:\anna\AppData\Local\steep"));
    }

    #[test]
    fn pgpassfile_wins() {
        let environment = Environment::from_iter([("PGPASSFILE", "/x"), ("HOME", "/h")]);
        assert_eq!(password_file(&environment), Some("/x".into()));
    }
}
