//! What went wrong, and who has to do something about it.

use std::time::Duration;

use tokio_postgres::error::SqlState;

use crate::TlsError;

/// Who has to do something about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Class {
    /// Nobody: it may work the next time.
    Transient,
    /// Another node, or the way to it.
    Peer,
    /// The operator: state, settings or permission refuse it.
    Operator,
    /// The caller: what was asked for makes no sense.
    Misuse,
    /// The developers.
    Bug,
}

/// An error that a server reported.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message} ({code})")]
pub struct ServerError {
    /// SQLSTATE.
    pub code: String,
    /// What the server said.
    pub message: String,
    /// What it said beyond; may hold a row's data, so it is not part of `Display`.
    pub detail: Option<String>,
    /// The way out, as the server sees it.
    pub hint: Option<String>,
    /// Whether a function of an extension raised it (`RAISE`), not the server itself.
    pub is_raised: bool,
}

/// Why a server could not be reached or did not do what it was asked for. Never shows a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PgError {
    /// There is no way to the server, or the connection broke.
    #[error("no connection to {place}: {reason}")]
    Connection {
        /// `database on host:port`.
        place: String,
        /// Why, as the operating system or the TLS library says.
        reason: String,
        /// The node whose server it is, if it is another one's.
        peer: Option<String>,
    },
    /// The two cannot agree on TLS, or one does not trust the other.
    #[error("no TLS with {place}: {reason}")]
    Untrusted {
        /// `database on host:port`.
        place: String,
        /// Why, as the TLS library says.
        reason: String,
        /// The node whose server it is, if it is another one's.
        peer: Option<String>,
    },
    /// Connecting took too long.
    #[error("no connection to {place} within {timeout:?}")]
    ConnectTimeout {
        /// `database on host:port`.
        place: String,
        /// How long it was tried.
        timeout: Duration,
        /// The node whose server it is, if it is another one's.
        peer: Option<String>,
    },
    /// All connections of the pool stayed in use.
    #[error("no connection of the pool became free within {0:?}")]
    PoolTimeout(Duration),
    /// The connection broke while it was in use.
    #[error("the connection to PostgreSQL was lost: {0}")]
    Lost(String),
    /// The server refused.
    #[error(transparent)]
    Server(Box<ServerError>),
    /// A certificate or key cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The server's answer has another shape than this crate expects.
    #[error("unexpected answer of PostgreSQL: {0}")]
    Answer(String),
}

impl ServerError {
    /// Whether the message may quote a row: what a value is not fit for is said with the value, and
    /// what a function raises, or another language than SQL, is anything.
    fn may_quote_a_row(&self) -> bool {
        let about_things =
            ["08", "0A", "25", "28", "3D", "3F", "40", "42", "53", "54", "55", "57", "58"];
        self.is_raised || !about_things.contains(&self.code.get(..2).unwrap_or_default())
    }
}

impl PgError {
    /// Who has to do something about it.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Self::Connection { peer, .. } | Self::ConnectTimeout { peer, .. } => {
                if peer.is_some() {
                    Class::Peer
                } else {
                    Class::Transient
                }
            }
            Self::PoolTimeout(_) | Self::Lost(_) => Class::Transient,
            Self::Server(error) => class_of(&error.code, error.is_raised),
            Self::Tls(_) | Self::Untrusted { .. } => Class::Operator,
            Self::Answer(_) => Class::Bug,
        }
    }

    /// The way out, if the server named one.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Server(error) => error.hint.as_deref(),
            Self::Tls(TlsError::Client { .. }) => Some(
                "tls.cert_file and tls.key_file have to belong together; `openssl x509 -req` makes \
                 version 3 with an extension file: -extfile",
            ),
            Self::Untrusted { peer: None, .. } => Some(
                "see replication.postgres.tls: its mode, ca_file, cert_file and key_file have to suit \
                 the server's certificate and pg_hba.conf",
            ),
            Self::Untrusted { peer: Some(_), .. } => Some(
                "see replication.postgres.peer_tls: its mode, ca_file, cert_file and key_file have to \
                 suit the other node's certificate and pg_hba.conf",
            ),
            _ => None,
        }
    }

    /// What the server said beyond its message; may hold a row's data.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        match self {
            Self::Server(error) => error.detail.as_deref(),
            _ => None,
        }
    }

    /// The error without anything that may be a row's data, if its text may have some: for a log that
    /// more people read than may read the rows.
    #[must_use]
    pub fn summary(&self) -> Option<String> {
        match self {
            Self::Server(error) if error.may_quote_a_row() => {
                Some(format!("the server refused it (SQLSTATE {})", error.code))
            }
            _ => None,
        }
    }

    /// What a log may have of it: the summary, or else all.
    #[must_use]
    pub fn for_log(&self) -> String {
        self.summary().unwrap_or_else(|| self.to_string())
    }

    /// SQLSTATE, if it came from a server.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Server(error) => Some(&error.code),
            _ => None,
        }
    }

    /// Whether the connection it happened on is of no use any more.
    #[must_use]
    pub fn is_connection_lost(&self) -> bool {
        match self {
            Self::Connection { .. }
            | Self::Untrusted { .. }
            | Self::ConnectTimeout { .. }
            | Self::Lost(_) => true,
            Self::Server(error) => error.code.starts_with("57P") || error.code.starts_with("08"),
            Self::PoolTimeout(_) | Self::Tls(_) | Self::Answer(_) => false,
        }
    }

    /// Whether somebody else held a lock for too long: the same may succeed a moment later.
    #[must_use]
    pub fn is_lock_timeout(&self) -> bool {
        matches!(self, Self::Server(error) if error.code == "55P03")
    }

    /// What went wrong while connecting to `place`.
    pub(crate) fn connecting(
        error: &tokio_postgres::Error,
        place: String,
        peer: Option<String>,
    ) -> Self {
        match server_error(error) {
            Some(server) => Self::Server(Box::new(server)),
            None if is_about_tls(error) => {
                Self::Untrusted { place, reason: tls_reason(error), peer }
            }
            None => Self::Connection { place, reason: causes(error), peer },
        }
    }
}

impl From<tokio_postgres::Error> for PgError {
    fn from(error: tokio_postgres::Error) -> Self {
        if let Some(server) = server_error(&error) {
            return Self::Server(Box::new(server));
        }
        let text = causes(&error);
        let is_io = sources(&error).any(|cause| cause.is::<std::io::Error>());
        if error.is_closed() || is_io { Self::Lost(text) } else { Self::Answer(text) }
    }
}

fn sources(
    error: &tokio_postgres::Error,
) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    std::iter::successors(std::error::Error::source(error), |cause| cause.source())
}

/// What the TLS library has said; it comes inside an error of input and output, which does not count it
/// among its sources.
fn tls_error(error: &tokio_postgres::Error) -> Option<&rustls::Error> {
    sources(error).find_map(|cause| {
        let inner = cause.downcast_ref::<std::io::Error>()?.get_ref()?;
        inner.downcast_ref::<rustls::Error>()
    })
}

/// A connection that broke in the middle of a handshake is not: it may work the next time.
fn is_about_tls(error: &tokio_postgres::Error) -> bool {
    let is_io = sources(error).any(|cause| cause.is::<std::io::Error>());
    // The client has no other name for a server without TLS.
    tls_error(error).is_some() || (!is_io && error.to_string().contains("TLS"))
}

fn tls_reason(error: &tokio_postgres::Error) -> String {
    match tls_error(error) {
        // The other side refuses: of a client, all it can dislike is the certificate.
        Some(rustls::Error::AlertReceived(alert)) => {
            format!("the server refused the client's certificate ({alert:?})")
        }
        Some(refused) => refused.to_string(),
        None => causes(error),
    }
}

fn server_error(error: &tokio_postgres::Error) -> Option<ServerError> {
    let db = error.as_db_error()?;
    Some(ServerError {
        code: db.code().code().to_owned(),
        message: db.message().to_owned(),
        detail: db.detail().map(str::to_owned),
        hint: db.hint().map(str::to_owned),
        is_raised: db.routine() == Some("exec_stmt_raise"),
    })
}

/// An error and its causes, each said once.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let said = cause.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        next = cause.source();
    }
    text
}

/// The class of a SQLSTATE; `is_raised`: a function of the extension raised it, about what it was
/// asked to do, so that a name which does not exist is the caller's and not the installation's.
fn class_of(code: &str, is_raised: bool) -> Class {
    let transient = [
        SqlState::T_R_SERIALIZATION_FAILURE.code(),
        SqlState::T_R_DEADLOCK_DETECTED.code(),
        SqlState::LOCK_NOT_AVAILABLE.code(),
        SqlState::OBJECT_IN_USE.code(),
        SqlState::QUERY_CANCELED.code(),
        SqlState::ADMIN_SHUTDOWN.code(),
        SqlState::CRASH_SHUTDOWN.code(),
        SqlState::CANNOT_CONNECT_NOW.code(),
        SqlState::TOO_MANY_CONNECTIONS.code(),
        SqlState::OUT_OF_MEMORY.code(),
    ];
    if transient.contains(&code) {
        return Class::Transient;
    }
    match code.get(..2).unwrap_or_default() {
        "08" => Class::Transient,
        "22" | "23" | "P0" if is_raised => Class::Misuse,
        "22" => Class::Misuse,
        // Undefined or duplicate: the caller's name if our own function says so; else the extension
        // is missing or of another version.
        "42" if is_raised => match code {
            "42501" => Class::Operator,
            _ => Class::Misuse,
        },
        "42" if code == "42601" => Class::Bug,
        "0A" | "23" | "25" | "28" | "3D" | "3F" | "42" | "53" | "54" | "55" | "57" | "58"
        | "P0" => Class::Operator,
        _ => Class::Bug,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_has_the_class_of_whoever_can_help() {
        let cases = [
            ("57P03", false, Class::Transient),
            ("40001", false, Class::Transient),
            ("53300", false, Class::Transient),
            ("08006", false, Class::Transient),
            ("28P01", false, Class::Operator),
            ("3D000", false, Class::Operator),
            ("53100", false, Class::Operator),
            ("55000", true, Class::Operator),
            ("42501", true, Class::Operator),
            ("42883", false, Class::Operator),
            ("42P01", false, Class::Operator),
            ("42P01", true, Class::Misuse),
            ("22023", true, Class::Misuse),
            ("42601", false, Class::Bug),
            ("XX000", false, Class::Bug),
        ];
        for (code, is_raised, class) in cases {
            assert_eq!(class_of(code, is_raised), class, "{code}, raised: {is_raised}");
        }
    }

    #[test]
    fn what_may_quote_a_row_has_a_summary_without_it() {
        let error = |code: &str, is_raised| {
            PgError::Server(Box::new(ServerError {
                code: code.to_owned(),
                message: "invalid input syntax: \"Alice\"".to_owned(),
                detail: None,
                hint: None,
                is_raised,
            }))
        };
        for (code, is_raised) in
            [("22P02", false), ("P0001", true), ("42501", true), ("38000", false)]
        {
            let said = error(code, is_raised).for_log();
            assert!(said.contains(code) && !said.contains("Alice"), "{said}");
        }
        assert_eq!(error("42P01", false).for_log(), error("42P01", false).to_string());
        assert_eq!(PgError::Lost("reset".to_owned()).summary(), None);
    }

    #[test]
    fn a_row_s_data_is_not_in_the_text() {
        let error = PgError::Server(Box::new(ServerError {
            code: "23505".to_owned(),
            message: "duplicate key".to_owned(),
            detail: Some("Key (name)=(Alice)".to_owned()),
            hint: None,
            is_raised: false,
        }));
        assert_eq!(error.to_string(), "duplicate key (23505)");
        assert_eq!(error.detail(), Some("Key (name)=(Alice)"));
    }
}
