//! Where the PostgreSQL servers are: the `.steep/servers.json` that `cargo xtask pg` writes.

use std::collections::BTreeMap;
use std::env;
use std::fmt;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The environment variable that names another `servers.json`.
pub const SERVERS_VARIABLE: &str = "STEEP_SERVERS_JSON";

/// The file's place below the project root.
pub const SERVERS_FILE: &str = ".steep/servers.json";

/// A PostgreSQL major version the project supports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Major {
    /// PostgreSQL 16.
    #[serde(rename = "16")]
    V16,
    /// PostgreSQL 17.
    #[serde(rename = "17")]
    V17,
    /// PostgreSQL 18.
    #[serde(rename = "18")]
    V18,
}

impl Major {
    /// Every supported major, oldest first.
    pub const ALL: [Self; 3] = [Self::V16, Self::V17, Self::V18];

    /// The number PostgreSQL itself uses, for example `18`.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::V16 => 16,
            Self::V17 => 17,
            Self::V18 => 18,
        }
    }
}

impl fmt::Display for Major {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.number())
    }
}

impl FromStr for Major {
    type Err = ServersError;

    fn from_str(text: &str) -> Result<Self, ServersError> {
        Self::ALL
            .into_iter()
            .find(|major| major.to_string() == text)
            .ok_or_else(|| ServersError::UnknownMajor { text: text.to_owned() })
    }
}

/// One installed server: a folder with `bin`, `lib` and `share`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Server {
    /// The folder that holds `bin`, `lib` and `share`.
    pub prefix: PathBuf,
    /// The full version, for example `16.15`.
    pub version: String,
    /// Whether the `steep_repl` extension is installed in it.
    #[serde(default)]
    pub extension: bool,
}

impl Server {
    /// The path of one of the server's programs, for example `psql`.
    #[must_use]
    pub fn bin(&self, program: &str) -> PathBuf {
        self.prefix.join("bin").join(format!("{program}{}", env::consts::EXE_SUFFIX))
    }
}

/// Why the servers are not known.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServersError {
    /// No folder from here upwards holds the file.
    #[error(
        "no {SERVERS_FILE} in {} or a folder above it; run `cargo xtask pg` (or `cargo xtask \
         ext`), or set {SERVERS_VARIABLE}", .from.display()
    )]
    NotFound {
        /// Where the search began.
        from: PathBuf,
    },
    /// The file cannot be read or written.
    #[error("cannot access {}; run `cargo xtask pg` to write it anew", .path.display())]
    Access {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The file is not the JSON that is expected.
    #[error("{} is damaged; run `cargo xtask pg` to write it anew", .path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The file does not list the wanted major.
    #[error("{} has no PostgreSQL {major}; run `cargo xtask pg`", .path.display())]
    NoMajor {
        /// The wanted major.
        major: Major,
        /// The file.
        path: PathBuf,
    },
    /// The file lists a server that is not there.
    #[error(
        "PostgreSQL {major} of {} is gone: no {}; run `cargo xtask pg`",
        .path.display(), .program.display()
    )]
    NoProgram {
        /// The wanted major.
        major: Major,
        /// The file that lists it.
        path: PathBuf,
        /// The program that is missing.
        program: PathBuf,
    },
    /// The text names no supported major.
    #[error("{text:?} is no supported PostgreSQL major; use 16, 17 or 18")]
    UnknownMajor {
        /// The text.
        text: String,
    },
}

/// The installed servers, by major.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Servers {
    servers: BTreeMap<Major, Server>,
    #[serde(skip)]
    path: PathBuf,
}

impl Servers {
    /// Reads the file that [`Servers::find`] finds.
    ///
    /// # Errors
    /// When there is none, or when it is damaged.
    pub fn load() -> Result<Self, ServersError> {
        Self::read(&Self::find()?)
    }

    /// The path of the file: `STEEP_SERVERS_JSON`, or `.steep/servers.json` in the nearest folder
    /// at or above the crate under test (else the current folder).
    ///
    /// # Errors
    /// When no such folder exists.
    pub fn find() -> Result<PathBuf, ServersError> {
        if let Some(path) = env::var_os(SERVERS_VARIABLE) {
            return Ok(path.into());
        }
        let from = env::var_os("CARGO_MANIFEST_DIR")
            .map(PathBuf::from)
            .or_else(|| env::current_dir().ok())
            .unwrap_or_default();
        from.ancestors()
            .map(|folder| folder.join(SERVERS_FILE))
            .find(|path| path.is_file())
            .ok_or(ServersError::NotFound { from })
    }

    /// Reads one file.
    ///
    /// # Errors
    /// When it cannot be read, or when it is damaged.
    pub fn read(path: &Path) -> Result<Self, ServersError> {
        let text = std::fs::read(path)
            .map_err(|source| ServersError::Access { path: path.to_owned(), source })?;
        let mut servers: Self = serde_json::from_slice(&text)
            .map_err(|source| ServersError::Format { path: path.to_owned(), source })?;
        path.clone_into(&mut servers.path);
        Ok(servers)
    }

    /// Replaces the file at `path` at once: a test that reads it sees the old or the new one.
    ///
    /// # Errors
    /// When the file or its folder cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), ServersError> {
        let access = |source| ServersError::Access { path: path.to_owned(), source };
        let text = serde_json::to_vec_pretty(self)
            .map_err(|source| ServersError::Format { path: path.to_owned(), source })?;
        let folder = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(access)?;
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(access)?;
        file.write_all(&text).map_err(access)?;
        file.persist(path).map_err(|failed| access(failed.error))?;
        // Another OS user may run the tests.
        crate::platform::make_readable(path).map_err(access)
    }

    /// The server of one major.
    ///
    /// # Errors
    /// When it is not listed, or when it is listed but gone.
    pub fn get(&self, major: Major) -> Result<&Server, ServersError> {
        let path = || self.path.clone();
        let server = self
            .servers
            .get(&major)
            .ok_or_else(|| ServersError::NoMajor { major, path: path() })?;
        let program = server.bin("postgres");
        if !program.is_file() {
            return Err(ServersError::NoProgram { major, path: path(), program });
        }
        Ok(server)
    }

    /// Lists `server` as the one of `major`, in place of any other.
    pub fn insert(&mut self, major: Major, server: Server) {
        self.servers.insert(major, server);
    }

    /// The listed servers, oldest major first.
    pub fn iter(&self) -> impl Iterator<Item = (Major, &Server)> {
        self.servers.iter().map(|(major, server)| (*major, server))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deeper/servers.json");
        let mut servers = Servers::default();
        let server =
            Server { prefix: "/opt/pg16".into(), version: "16.15".into(), extension: true };
        servers.insert(Major::V16, server.clone());
        servers.write(&path).unwrap();
        let read = Servers::read(&path).unwrap();
        assert_eq!(read.iter().collect::<Vec<_>>(), [(Major::V16, &server)]);
    }

    #[test]
    fn a_missing_major_names_the_command_that_helps() {
        let said = Servers::default().get(Major::V17).unwrap_err().to_string();
        assert!(said.contains("PostgreSQL 17") && said.contains("cargo xtask pg"), "{said}");
    }

    #[test]
    fn majors_are_written_as_their_number() {
        assert_eq!("18".parse::<Major>().unwrap(), Major::V18);
        assert!("15".parse::<Major>().is_err());
    }
}
