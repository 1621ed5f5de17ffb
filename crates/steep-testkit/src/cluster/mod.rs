//! One PostgreSQL cluster: a data folder and the server that runs on it.

mod builder;
mod create;
mod error;
mod finish;
mod found;
mod lifecycle;
mod program;
mod server_tls;
mod session;
mod template;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::{Mutex, MutexGuard, PoisonError};

pub use self::builder::PgClusterBuilder;
pub use self::error::ClusterError;
pub use self::finish::Detached;
pub use self::found::FoundCluster;
pub use self::server_tls::ServerTls;
pub(crate) use self::session::text_rows;
pub use self::session::{SUPERUSER, TextRows};
pub use self::template::TEMPLATES_VARIABLE;
use crate::allowance::{self, Allowance};
use crate::clock::{Clock, ClockError, ClockFile};
use crate::log::{self, LogEntry};
use crate::platform::{self, OsUser, Reaper};
use crate::ports::Port;
use crate::servers::{Major, Server};
use crate::settings::{SETTINGS_FILE, Settings};

/// A running (or stopped) PostgreSQL cluster of a test.
///
/// Dropping it stops the server, removes the folder and, unless the test is failing already, panics
/// when the server log has a `WARNING`, `ERROR`, `FATAL` or `PANIC` that the test did not expect
/// ([`expect_log`](Self::expect_log), [`expect_error`](Self::expect_error)). When the test process
/// ends without dropping it, by whatever signal, a second process does the same except the check.
pub struct PgCluster {
    name: String,
    major: Major,
    server: Server,
    folder: PathBuf,
    user: OsUser,
    password: Secret,
    clock: Option<ClockFile>,
    state: Mutex<State>,
}

/// A text that is never shown.
struct Secret(String);

struct State {
    postmaster: Option<Child>,
    settings: Settings,
    port: Port,
    allowances: Vec<Allowance>,
    /// `None` once the folder is gone or detached.
    reaper: Option<Reaper>,
}

impl State {
    fn new(settings: Settings, port: Port, reaper: Reaper) -> Self {
        Self { postmaster: None, settings, port, allowances: Vec::new(), reaper: Some(reaper) }
    }
}

impl fmt::Debug for PgCluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PgCluster")
            .field("name", &self.name)
            .field("version", &self.server.version)
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

impl PgCluster {
    /// Describes a cluster of this major, to be started.
    pub fn builder(major: Major) -> PgClusterBuilder {
        PgClusterBuilder::new(major)
    }

    /// The cluster's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The server's major version.
    #[must_use]
    pub fn major(&self) -> Major {
        self.major
    }

    /// The installed server that the cluster runs.
    #[must_use]
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// The data folder.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// The file that the server's log goes to.
    #[must_use]
    pub fn log_path(&self) -> PathBuf {
        self.folder.join("server.log")
    }

    /// The port on 127.0.0.1; it stays the same over restarts.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.state().port.number()
    }

    /// The postmaster's process id, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.state().postmaster.as_ref().map(Child::id)
    }

    /// Sets parameters for the next start or reload; the last value given to a name counts.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn set_settings(&self, settings: &[(&str, &str)]) -> Result<(), ClusterError> {
        let mut state = self.state();
        for (name, value) in settings {
            state.settings.set(name, value);
        }
        self.write_settings(&state)
    }

    /// Moves the clock of the running servers.
    ///
    /// # Errors
    /// When the cluster was built without [`PgClusterBuilder::clock`].
    pub fn set_clock(&self, clock: Clock) -> Result<(), ClusterError> {
        let not_movable = || ClockError::NotMovable { cluster: self.name.clone() };
        Ok(self.clock.as_ref().ok_or_else(not_movable)?.set(clock)?)
    }

    /// Lines of the server log that contain `pattern`, or match it as a regular expression, do not
    /// fail the test, whether they were written already or not, and whether they come or not.
    pub fn expect_log(&self, pattern: &str) {
        self.state().allowances.push(Allowance::anywhere(pattern));
    }

    /// `ERROR`s that contain `text` in message or detail do not fail the test.
    pub fn expect_error(&self, text: &str) {
        self.state().allowances.push(Allowance::error(text));
    }

    /// From now on lines about a lost or unreachable peer do not fail the test.
    ///
    /// For the other side of a cluster that the test stops or kills; cutting a link of a mesh does
    /// this by itself.
    pub fn expect_peer_loss(&self) {
        let from = self.log_text().len();
        self.state().allowances.push(Allowance::peer_lost(from));
    }

    /// The server log so far.
    #[must_use]
    pub fn log(&self) -> Vec<LogEntry> {
        log::parse(&self.log_text())
    }

    /// The lines of the server log that would fail the test now.
    #[must_use]
    pub fn unexpected_log(&self) -> Vec<LogEntry> {
        allowance::unexpected(self.log(), &self.state().allowances)
    }

    fn log_text(&self) -> String {
        // There is no file before the first start.
        let text = fs::read(self.log_path()).unwrap_or_default();
        String::from_utf8_lossy(&text).into_owned()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_settings(&self, state: &State) -> Result<(), ClusterError> {
        let mut settings = state.settings.clone();
        settings.set("port", &state.port.number().to_string());
        self.write_file(&self.data_dir().join(SETTINGS_FILE), &settings.to_file())
    }

    /// Writes a file that belongs to the server's OS user.
    fn write_file(&self, path: &Path, text: &str) -> Result<(), ClusterError> {
        fs::write(path, text)
            .and_then(|()| platform::give_to(path, &self.user))
            .map_err(|source| self.folder_error(path, source))
    }

    fn folder_error(&self, path: &Path, source: std::io::Error) -> ClusterError {
        ClusterError::Folder { cluster: self.name.clone(), path: path.to_owned(), source }
    }

    fn process_error(&self, program: &str, source: std::io::Error) -> ClusterError {
        ClusterError::Process { cluster: self.name.clone(), program: program.to_owned(), source }
    }

    /// Runs a program to its end and returns what it wrote to its standard output.
    fn run(&self, mut command: Command, program: &str) -> Result<String, ClusterError> {
        let output = command.output().map_err(|source| self.process_error(program, source))?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() {
            return Ok(text(&output.stdout));
        }
        Err(ClusterError::Program {
            cluster: self.name.clone(),
            program: program.to_owned(),
            status: output.status,
            output: text(&output.stderr),
        })
    }
}
