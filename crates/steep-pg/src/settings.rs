//! Where a server is and how to log in there.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::Secret;

/// The application name of every session, as `pg_stat_activity` shows it.
pub const APPLICATION_NAME: &str = "steep-repl";

/// Where a server is and how to log in there. `Debug` does not show the secret.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Host name or address, or the folder of its Unix socket if it begins with `/`.
    pub host: String,
    /// TCP port, or the number in the name of the socket.
    pub port: u16,
    /// Database.
    pub database: String,
    /// Role.
    pub user: String,
    /// Password, if one is needed.
    pub secret: Option<Secret>,
    /// Encryption.
    pub tls: Tls,
    /// For the whole of connecting: name, TCP, TLS, login.
    pub connect_timeout: Duration,
    /// `statement_timeout` of every session; zero: none.
    pub statement_timeout: Duration,
    /// `application_name`; [`APPLICATION_NAME`] unless there is more to say.
    pub application_name: String,
    /// The node whose server it is, if it is not this daemon's own: failures are then the peer's.
    pub peer: Option<String>,
}

impl Settings {
    /// The given place, with no secret, TLS if the server has it, 10 s to connect, 30 s a statement.
    #[must_use]
    pub fn new(host: &str, port: u16, database: &str, user: &str) -> Self {
        Self {
            host: host.to_owned(),
            port,
            database: database.to_owned(),
            user: user.to_owned(),
            secret: None,
            tls: Tls::default(),
            connect_timeout: Duration::from_secs(10),
            statement_timeout: Duration::from_secs(30),
            application_name: APPLICATION_NAME.to_owned(),
            peer: None,
        }
    }

    /// For people: `database on host:port`.
    #[must_use]
    pub fn place(&self) -> String {
        format!("{} on {}:{}", self.database, self.host, self.port)
    }

    /// Whether the server is reached by a Unix socket.
    #[must_use]
    pub fn is_socket(&self) -> bool {
        self.host.starts_with('/')
    }
}

/// How a connection is encrypted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// How much is asked of the server.
    pub mode: TlsMode,
    /// Certificates of the authorities that are trusted, PEM; needed by the `verify` modes.
    pub ca_file: Option<PathBuf>,
    /// The client's certificate, PEM.
    pub cert_file: Option<PathBuf>,
    /// The client's key, PEM.
    pub key_file: Option<PathBuf>,
}

impl Tls {
    /// The same for whoever connects through libpq: keywords and values of a connection string.
    ///
    /// A path that is not UTF-8 cannot be written in one, and is left out.
    #[must_use]
    pub fn parameters(&self) -> Vec<(&'static str, &str)> {
        let mut parameters = vec![("sslmode", self.mode.as_str())];
        let files = [
            ("sslrootcert", &self.ca_file),
            ("sslcert", &self.cert_file),
            ("sslkey", &self.key_file),
        ];
        let files = files.into_iter().filter_map(|(keyword, file)| {
            Some((keyword, file.as_ref().and_then(|path| path.to_str())?))
        });
        parameters.extend(files);
        parameters
    }
}

/// How much is asked of the server, as libpq's `sslmode`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TlsMode {
    /// No TLS.
    Disable,
    /// TLS if the server has it; its certificate is not looked at.
    #[default]
    Prefer,
    /// TLS; the certificate is checked only if there is a file of authorities, as libpq does.
    Require,
    /// TLS, and a trusted authority has signed the certificate.
    VerifyCa,
    /// TLS, a trusted authority, and the certificate names the host.
    VerifyFull,
}

impl TlsMode {
    /// libpq's word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }
}

/// A text that is no [`TlsMode`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("TLS mode \"{0}\" is none of disable, prefer, require, verify-ca, verify-full")]
pub struct TlsModeError(
    /// The text.
    pub String,
);

impl FromStr for TlsMode {
    type Err = TlsModeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "disable" => Self::Disable,
            "prefer" => Self::Prefer,
            "require" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" => Self::VerifyFull,
            other => return Err(TlsModeError(other.to_owned())),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_does_not_show_the_secret() {
        let mut settings = Settings::new("localhost", 5432, "postgres", "postgres");
        settings.secret = Some(Secret::new("swordfish"));
        assert!(!format!("{settings:?}").contains("swordfish"));
    }

    #[test]
    fn tls_modes_are_those_of_libpq_that_keep_their_promise() {
        assert_eq!("verify-full".parse(), Ok(TlsMode::VerifyFull));
        for mode in ["disable", "prefer", "require", "verify-ca", "verify-full"] {
            assert_eq!(mode.parse().map(TlsMode::as_str), Ok(mode));
        }
        assert!("allow".parse::<TlsMode>().is_err());
    }

    #[test]
    fn what_is_not_set_is_left_to_libpq() {
        assert_eq!(Tls::default().parameters(), [("sslmode", "prefer")]);
        let tls = Tls {
            mode: TlsMode::VerifyCa,
            ca_file: Some("/a b".into()),
            cert_file: Some("/c".into()),
            key_file: Some("/k".into()),
        };
        let files = [("sslrootcert", "/a b"), ("sslcert", "/c"), ("sslkey", "/k")];
        assert_eq!(tls.parameters()[0], ("sslmode", "verify-ca"));
        assert_eq!(tls.parameters()[1..], files);
    }
}
