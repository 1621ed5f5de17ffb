//! Where a socket is when nobody says where.

use std::env;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::Level;

use super::own_uid;

const NAME: &str = "steep-repl.sock";

/// Everybody's; only the last resort.
const TEMPORARY: &str = "/tmp";

/// What the default places depend on.
#[derive(Debug)]
struct Surroundings {
    /// `XDG_RUNTIME_DIR`: the user's own, gone when the user logs out.
    user: Option<PathBuf>,
    /// The machine's: `/run`.
    system: PathBuf,
}

pub(crate) fn default_path(level: Level) -> PathBuf {
    Surroundings::real().default_path(level)
}

/// Where clients look, in this order.
pub(crate) fn candidates() -> Vec<PathBuf> {
    Surroundings::real().candidates()
}

/// Whether something is there, of whatever kind.
pub(crate) fn is_there(path: &Path) -> bool {
    match fs::symlink_metadata(path) {
        Ok(_) => true,
        // It may be there: connecting will say that it is not for us.
        Err(error) => error.kind() == std::io::ErrorKind::PermissionDenied,
    }
}

impl Surroundings {
    fn real() -> Self {
        let user = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        // A relative path is to be ignored (XDG Base Directory Specification).
        Self { user: user.filter(|path| path.is_absolute()), system: "/run".into() }
    }

    fn default_path(&self, level: Level) -> PathBuf {
        let user = self.user.as_ref().filter(|_| level == Level::User);
        let mut parents = user.into_iter().chain([&self.system]);
        let parent = parents.find(|parent| is_usable(parent));
        parent.map_or_else(|| Path::new(TEMPORARY).join(NAME), |parent| socket_in(parent))
    }

    fn candidates(&self) -> Vec<PathBuf> {
        let own = self.user.iter().chain([&self.system]).map(|parent| socket_in(parent));
        own.chain([Path::new(TEMPORARY).join(NAME)]).collect()
    }
}

fn socket_in(parent: &Path) -> PathBuf {
    parent.join("steep").join(NAME)
}

/// Whether `steep` below `parent` is our folder, or can become it.
fn is_usable(parent: &Path) -> bool {
    let is_ours = |path: &Path| {
        fs::metadata(path).is_ok_and(|folder| folder.is_dir() && folder.uid() == own_uid())
    };
    let folder = parent.join("steep");
    match fs::symlink_metadata(&folder) {
        Ok(_) => is_ours(&folder),
        Err(_) => is_ours(parent),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_gets_the_folder_for_run_time_files() {
        let folder = tempfile::tempdir().unwrap();
        let (user, system) = (folder.path().join("user"), folder.path().join("run"));
        fs::create_dir(&user).unwrap();
        let surroundings = Surroundings { user: Some(user.clone()), system: system.clone() };
        let expected = user.join("steep/steep-repl.sock");
        assert_eq!(surroundings.default_path(Level::User), expected);
        // There is no folder for the machine.
        let last = Path::new("/tmp/steep-repl.sock");
        assert_eq!(surroundings.default_path(Level::System), last);

        fs::create_dir(&system).unwrap();
        let expected = system.join("steep/steep-repl.sock");
        assert_eq!(surroundings.default_path(Level::System), expected);
        fs::remove_dir(&user).unwrap();
        assert_eq!(surroundings.default_path(Level::User), expected);
    }

    #[test]
    fn a_file_in_the_place_of_the_folder_is_no_folder() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("steep"), "").unwrap();
        assert!(!is_usable(folder.path()));
    }

    #[test]
    fn clients_look_for_the_users_own_daemon_first() {
        let surroundings = Surroundings { user: Some("/run/user/7".into()), system: "/run".into() };
        let expected = [
            "/run/user/7/steep/steep-repl.sock",
            "/run/steep/steep-repl.sock",
            "/tmp/steep-repl.sock",
        ];
        assert_eq!(surroundings.candidates(), expected.map(PathBuf::from));
    }
}
