//! Sessions and statements.

use std::fs::File;
use std::io::{self, Seek as _, Write as _};
use std::process::{Command, Stdio};
use std::time::Duration;

use postgres::types::PgLsn;
use postgres::{Client, Config, NoTls, SimpleQueryMessage};

use super::PgCluster;
use super::error::ClusterError;

/// The superuser that initdb creates.
pub const SUPERUSER: &str = "postgres";

/// The rows of a query as text; `None` is null.
pub type TextRows = Vec<Vec<Option<String>>>;

impl PgCluster {
    /// Opens a session as superuser.
    ///
    /// # Errors
    /// When the server cannot be reached or the database does not exist.
    pub fn try_client(&self, database: &str) -> Result<Client, ClusterError> {
        let mut config = Config::new();
        config.host("127.0.0.1").port(self.port()).dbname(database);
        config.user(SUPERUSER).password(&self.password.0);
        config.application_name("steep-testkit").connect_timeout(Duration::from_secs(20));
        config.connect(NoTls).map_err(|source| self.sql_error(database, source))
    }

    /// Opens a session as superuser, for tests that cannot go on without.
    ///
    /// # Panics
    /// When [`try_client`](Self::try_client) fails.
    #[must_use]
    #[track_caller]
    pub fn client(&self, database: &str) -> Client {
        self.try_client(database).unwrap_or_else(|error| panic!("{error}"))
    }

    /// A URL for client libraries, with the password.
    #[must_use]
    pub fn dsn(&self, database: &str) -> String {
        self.dsn_by(self.port(), database)
    }

    /// Keywords and values for libpq, with the password: for `create subscription … connection`.
    #[must_use]
    pub fn conninfo(&self, database: &str) -> String {
        self.conninfo_by(self.port(), database)
    }

    /// As [`dsn`](Self::dsn), through a proxy that listens on `port`.
    #[must_use]
    pub fn dsn_by(&self, port: u16, database: &str) -> String {
        let database = percent_encoded(database);
        format!("postgresql://{SUPERUSER}:{}@127.0.0.1:{port}/{database}", self.password.0)
    }

    /// As [`conninfo`](Self::conninfo), through a proxy that listens on `port`.
    #[must_use]
    pub fn conninfo_by(&self, port: u16, database: &str) -> String {
        let database = database.replace('\\', "\\\\").replace('\'', "\\'");
        let password = &self.password.0;
        format!(
            "host=127.0.0.1 port={port} user={SUPERUSER} password={password} dbname='{database}'"
        )
    }

    /// Runs a script through `psql`, which stops at the first error; returns unaligned tuples.
    ///
    /// # Errors
    /// When psql fails; the error has what it said.
    pub fn psql(&self, database: &str, script: &str) -> Result<String, ClusterError> {
        let script = Self::script(script).map_err(|source| self.process_error("psql", source))?;
        let mut psql = Command::new(self.server.bin("psql"));
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", database]);
        psql.args(["-h", "127.0.0.1", "-p", &self.port().to_string(), "-U", SUPERUSER]);
        psql.env("PGPASSWORD", &self.password.0).env("LC_ALL", "C");
        psql.stdin(Stdio::from(script));
        self.run(psql, "psql")
    }

    /// Runs statements that return nothing of interest.
    ///
    /// # Errors
    /// When the server cannot be reached or a statement fails.
    pub fn execute(&self, database: &str, sql: &str) -> Result<(), ClusterError> {
        let mut client = self.try_client(database)?;
        client.batch_execute(sql).map_err(|source| self.sql_error(database, source))
    }

    /// Runs one query and returns its rows as text.
    ///
    /// # Errors
    /// When the server cannot be reached or the query fails.
    pub fn query(&self, database: &str, sql: &str) -> Result<TextRows, ClusterError> {
        let mut client = self.try_client(database)?;
        text_rows(&mut client, sql).map_err(|source| self.sql_error(database, source))
    }

    /// Runs a query of one row and one column, and returns the value as text.
    ///
    /// # Errors
    /// As [`query`](Self::query), or when the result has another shape or is null.
    pub fn value(&self, database: &str, sql: &str) -> Result<String, ClusterError> {
        match self.query(database, sql)?.as_mut_slice() {
            [row] if row.len() == 1 => row.pop().flatten(),
            _ => None,
        }
        .ok_or_else(|| self.result_error(database, "one value that is not null", sql))
    }

    /// Creates a database.
    ///
    /// # Errors
    /// When it exists already or the server cannot be reached.
    pub fn create_database(&self, database: &str) -> Result<(), ClusterError> {
        let quoted = database.replace('"', "\"\"");
        self.execute("postgres", &format!("create database \"{quoted}\""))
    }

    /// Writes a checkpoint.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub fn checkpoint(&self) -> Result<(), ClusterError> {
        self.execute("postgres", "checkpoint")
    }

    /// The end of the WAL written so far (`pg_current_wal_lsn`).
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub fn wal_lsn(&self) -> Result<PgLsn, ClusterError> {
        let sql = "select pg_catalog.pg_current_wal_lsn()";
        let text = self.value("postgres", sql)?;
        text.parse().map_err(|_| self.result_error("postgres", "an LSN", sql))
    }

    /// A file, not a pipe: psql may write much before it has read all.
    fn script(text: &str) -> io::Result<File> {
        let mut file = tempfile::tempfile()?;
        file.write_all(text.as_bytes())?;
        file.rewind()?;
        Ok(file)
    }

    fn result_error(&self, database: &str, expected: &'static str, sql: &str) -> ClusterError {
        let (cluster, database) = (self.name.clone(), database.to_owned());
        ClusterError::Result { cluster, database, expected, sql: sql.to_owned() }
    }

    pub(crate) fn sql_error(&self, database: &str, source: postgres::Error) -> ClusterError {
        let (cluster, database) = (self.name.clone(), database.to_owned());
        ClusterError::Sql { cluster, database, source }
    }
}

/// Runs statements and returns the rows of all of them as text.
pub(crate) fn text_rows(client: &mut Client, sql: &str) -> Result<TextRows, postgres::Error> {
    let messages = client.simple_query(sql)?;
    let rows = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    Ok(rows.map(|row| (0..row.len()).map(|at| row.get(at).map(str::to_owned)).collect()).collect())
}

fn percent_encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| match byte {
            byte if plain(byte) => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}
