//! PostgreSQL's own programs, which copy a schema better than anybody else could.

use std::path::PathBuf;
use std::process::Stdio;

use steep_pg::Settings;
use tokio::process::Command;

use crate::error::{NodeError, refused};
use crate::names;

/// Lines of a program's complaint that are shown.
const LINES_SHOWN: usize = 5;

/// `application_name` of the programs, and of every session that fills this database: by it they are
/// found when they outlive the daemon that began them.
pub(super) const SESSIONS: &str = "steep-repl join";

/// What notices within half a minute that a server has vanished, as in the daemon's own sessions;
/// libpq by itself takes hours.
const SIGNS_OF_LIFE: [(&str, &str); 4] = [
    ("keepalives_idle", "15"),
    ("keepalives_interval", "5"),
    ("keepalives_count", "3"),
    ("tcp_user_timeout", "30000"),
];

/// Where `pg_dump`, `pg_restore` and `psql` are.
#[derive(Debug, Clone, Default)]
pub struct Programs {
    folder: Option<PathBuf>,
}

impl Programs {
    /// The programs in a folder, or those that the system finds by name.
    #[must_use]
    pub fn new(folder: Option<PathBuf>) -> Self {
        Self { folder }
    }

    /// A program that will connect to a server; the password goes through the environment, which
    /// other users cannot read.
    pub(super) fn command(&self, program: &str, to: &Settings) -> Command {
        let mut command = match &self.folder {
            Some(folder) => Command::new(folder.join(program)),
            None => Command::new(program),
        };
        command
            .env("PGAPPNAME", SESSIONS)
            .env("PGCONNECT_TIMEOUT", to.connect_timeout.as_secs().max(2).to_string())
            .env("PGCLIENTENCODING", "UTF8")
            // pg_dump and pg_restore lift `transaction_timeout` by themselves, where it exists.
            .env(
                "PGOPTIONS",
                "-c statement_timeout=0 -c lock_timeout=0 \
                 -c idle_in_transaction_session_timeout=0 -c idle_session_timeout=0",
            )
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        if let Some(secret) = &to.secret {
            command.env("PGPASSWORD", secret.expose());
        }
        command
    }

    /// The connection string that goes on its command line: without the password.
    pub(super) fn conninfo(to: &Settings, more: &[(&str, &str)]) -> String {
        let port = to.port.to_string();
        let mut parameters = vec![
            ("host", to.host.as_str()),
            ("port", port.as_str()),
            ("dbname", to.database.as_str()),
            ("user", to.user.as_str()),
        ];
        parameters.extend(to.tls.parameters());
        parameters.extend(SIGNS_OF_LIFE);
        parameters.extend_from_slice(more);
        names::conninfo(&parameters)
    }

    /// Runs a program to its end.
    pub(super) async fn run(
        &self,
        program: &str,
        mut command: Command,
    ) -> Result<String, NodeError> {
        let output = command.output().await.map_err(|error| self.missing(program, &error))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(complaint(program, &output.stderr))
    }

    /// Major version of a program.
    ///
    /// # Errors
    /// When it is not there.
    pub async fn major(&self, program: &str) -> Result<u32, NodeError> {
        let mut command = match &self.folder {
            Some(folder) => Command::new(folder.join(program)),
            None => Command::new(program),
        };
        command.arg("--version").kill_on_drop(true);
        let said = self.run(program, command).await?;
        // `pg_dump (PostgreSQL) 18.1 (Debian …)`
        let number = said.split(") ").nth(1).unwrap_or_default();
        let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
        match digits.parse() {
            Ok(major) => Ok(major),
            Err(_) => refused(
                format!("{program} does not say which version it is: {}", said.trim()),
                "set replication.postgres.bin_dir to the folder of PostgreSQL's programs",
            ),
        }
    }

    pub(super) fn missing(&self, program: &str, error: &std::io::Error) -> NodeError {
        let place = match &self.folder {
            Some(folder) => format!(" in {}", folder.display()),
            None => " on the path".to_owned(),
        };
        NodeError::Program {
            program: program.to_owned(),
            reason: format!("it cannot be started{place}: {error}"),
            hint: "set replication.postgres.bin_dir to the folder of PostgreSQL's programs"
                .to_owned(),
        }
    }
}

/// The end of what a program said is what matters.
pub(super) fn complaint(program: &str, stderr: &[u8]) -> NodeError {
    let text = String::from_utf8_lossy(stderr);
    let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    NodeError::Program {
        program: program.to_owned(),
        reason: lines[lines.len().saturating_sub(LINES_SHOWN)..].join("; "),
        hint: "what it says is the server's answer; nothing was left behind".to_owned(),
    }
}
