use super::{certificate, check_host};
use crate::reader::{Section, choices};
use crate::secret::{PasswordSource, Secret, SecretError, pgpass};
use crate::{Environment, platform};
use std::path::PathBuf;
use std::time::Duration;

/// The way to this node's database, and its programs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Postgres {
    /// Name, address, or folder of the Unix socket.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Database that is replicated.
    pub database: String,
    /// Role of the daemon.
    pub user: String,
    /// Where its password is to be had; none: in a password file, or there is none.
    pub password: Option<PasswordSource>,
    /// Encryption.
    pub tls: PostgresTls,
    /// Encryption on the way to the servers of other nodes.
    pub peer_tls: PeerTls,
    /// How long to wait for a connection.
    pub connect_timeout: Duration,
    /// How long a statement may take. Copying at a join has no limit.
    pub statement_timeout: Duration,
    /// Most connections at a time, besides the one that listens.
    pub pool_size: u16,
    /// Folder of `pg_dump`, `pg_restore` and `psql`; none: those on the path.
    pub bin_dir: Option<PathBuf>,
}

/// Encryption of connections to PostgreSQL, with the words of libpq.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PostgresTls {
    /// How much is asked of the server.
    pub mode: PostgresTlsMode,
    /// Certificates of the authorities that the server's certificate may come from.
    pub ca_file: Option<PathBuf>,
    /// Certificate of the client.
    pub cert_file: Option<PathBuf>,
    /// Its key.
    pub key_file: Option<PathBuf>,
}

/// Encryption on the way to the servers of other nodes, with the words of libpq. The files are read by
/// this node's server, which subscribes, and by the daemon while it joins.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PeerTls {
    /// How much is asked of them; none: what each says that it can.
    pub mode: Option<PostgresTlsMode>,
    /// Certificates of the authorities that their certificates may come from.
    pub ca_file: Option<PathBuf>,
    /// Certificate that they are shown.
    pub cert_file: Option<PathBuf>,
    /// Its key.
    pub key_file: Option<PathBuf>,
}

choices! {
    /// `sslmode` of libpq.
    PostgresTlsMode {
        /// Never encrypted.
        Disable = "disable",
        /// Encrypted if the server can.
        Prefer = "prefer",
        /// Encrypted, with whoever answers.
        Require = "require",
        /// Encrypted, with a server whose certificate comes from `ca_file`.
        VerifyCa = "verify-ca",
        /// The same, and the certificate names the host.
        VerifyFull = "verify-full",
    }
}

impl Postgres {
    pub(crate) fn read(section: &Section<'_>) -> Self {
        let seconds = Duration::from_secs;
        let read = Self {
            host: section.value("host", "localhost".into()),
            port: section.within("port", 5432, 1..=u16::MAX),
            database: section.value("database", "postgres".into()),
            user: section.value("user", "postgres".into()),
            password: PasswordSource::read(section),
            tls: PostgresTls::read(&section.section("tls")),
            peer_tls: PeerTls::read(&section.section("peer_tls")),
            connect_timeout: section.within(
                "connect_timeout",
                seconds(10),
                seconds(1)..=seconds(600),
            ),
            statement_timeout: section.within(
                "statement_timeout",
                seconds(30),
                seconds(1)..=seconds(3600),
            ),
            pool_size: section.within("pool_size", 4, 1..=100),
            bin_dir: section.optional("bin_dir"),
        };
        check_host(section, "host", &read.host);
        read
    }

    /// The password, if there is one: from where the configuration says, else from the password file
    /// of PostgreSQL's clients. Reads files and may run a command: it blocks for up to ten seconds.
    ///
    /// # Errors
    /// The variable is unset, the command failed, the file cannot be read or others can read it.
    pub fn password(&self, environment: &Environment) -> Result<Option<Secret>, SecretError> {
        if let Some(source) = &self.password {
            return source.resolve(environment).map(Some);
        }
        let Some(path) = platform::password_file(environment) else { return Ok(None) };
        let wanted = pgpass::Wanted {
            host: &self.host,
            port: self.port,
            database: &self.database,
            user: &self.user,
        };
        pgpass::look_up(&path, &wanted)
    }
}

impl PostgresTls {
    fn read(section: &Section<'_>) -> Self {
        let mode = section.value("mode", PostgresTlsMode::Prefer);
        let ca_file = section.optional("ca_file");
        let (cert_file, key_file) = certificate(section);
        require_authority(section, mode, ca_file.as_ref());
        Self { mode, ca_file, cert_file, key_file }
    }
}

impl PeerTls {
    fn read(section: &Section<'_>) -> Self {
        let mode: Option<PostgresTlsMode> = section.optional("mode");
        let ca_file: Option<PathBuf> = section.optional("ca_file");
        let (cert_file, key_file) = certificate(section);
        if let Some(mode) = mode {
            require_authority(section, mode, ca_file.as_ref());
        }
        let files = [("ca_file", &ca_file), ("cert_file", &cert_file), ("key_file", &key_file)];
        for (key, file) in files {
            if file.as_ref().is_some_and(|path| path.is_relative()) {
                let hint = "PostgreSQL reads it too, and has another working folder";
                section.reject(key, "not an absolute path", Some(hint));
            }
        }
        Self { mode, ca_file, cert_file, key_file }
    }
}

fn require_authority(section: &Section<'_>, mode: PostgresTlsMode, ca_file: Option<&PathBuf>) {
    if mode >= PostgresTlsMode::VerifyCa && ca_file.is_none() {
        let hint = "name the file with the certificate of the server's authority in ca_file";
        section.reject("mode", format_args!("{mode} needs ca_file"), Some(hint));
    }
}
