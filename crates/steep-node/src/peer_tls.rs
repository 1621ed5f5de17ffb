//! What this node asks of the PostgreSQL of the others, and shows them.

use std::path::PathBuf;

use steep_pg::{Tls, TlsMode};

use crate::database;
use crate::error::{NodeError, refused};

/// How connections to the PostgreSQL of other nodes are encrypted: those of this node's own
/// PostgreSQL, which subscribes, and those of its daemon while it joins.
///
/// The files are read by both of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PeerTls {
    /// How much is asked; none: what the other node says it can.
    pub mode: Option<TlsMode>,
    /// Certificates of the authorities that are trusted.
    pub ca_file: Option<PathBuf>,
    /// Certificate that is shown.
    pub cert_file: Option<PathBuf>,
    /// Its key.
    pub key_file: Option<PathBuf>,
}

impl PeerTls {
    /// That of `replication.postgres.peer_tls`.
    #[must_use]
    pub fn of(postgres: &steep_config::Postgres) -> Self {
        let configured = &postgres.peer_tls;
        Self {
            mode: configured.mode.map(database::mode),
            ca_file: configured.ca_file.clone(),
            cert_file: configured.cert_file.clone(),
            key_file: configured.key_file.clone(),
        }
    }

    /// Towards a node that says `said`: what its server can, not whom to trust.
    pub(crate) fn towards(&self, node: &str, said: &str) -> Result<Tls, NodeError> {
        let mode = match (self.mode, said.parse()) {
            (Some(mode), _) => mode,
            (None, Ok(said)) => said,
            (None, Err(error)) => {
                return refused(
                    format!("node {node}: {error}"),
                    "see replication.postgres.tls.mode there",
                );
            }
        };
        Ok(Tls {
            mode,
            ca_file: self.ca_file.clone(),
            cert_file: self.cert_file.clone(),
            key_file: self.key_file.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_is_what_the_configuration_calls_it() {
        let sources = [
            ("mode", "verify-ca"),
            ("ca_file", "/ca"),
            ("cert_file", "/cert"),
            ("key_file", "/key"),
        ]
        .into_iter()
        .fold(steep_config::Sources::none(), |sources, (key, value)| {
            sources.flag("--set", &format!("replication.postgres.peer_tls.{key}"), value)
        });
        let tls = PeerTls::of(&steep_config::load(&sources).unwrap().config.postgres);
        let parameters = tls.towards("b", "disable").unwrap();
        let expected = [
            ("sslmode", "verify-ca"),
            ("sslrootcert", "/ca"),
            ("sslcert", "/cert"),
            ("sslkey", "/key"),
        ];
        assert_eq!(parameters.parameters(), expected);
    }

    #[test]
    fn what_is_configured_here_wins_over_what_the_other_node_says() {
        let towards = |mode, said| {
            PeerTls { mode, ..PeerTls::default() }.towards("b", said).map(|tls| tls.mode).ok()
        };
        assert_eq!(towards(None, "require"), Some(TlsMode::Require));
        assert_eq!(towards(Some(TlsMode::VerifyFull), "prefer"), Some(TlsMode::VerifyFull));
        assert_eq!(towards(Some(TlsMode::VerifyFull), "unheard of"), Some(TlsMode::VerifyFull));
        assert_eq!(towards(None, "unheard of"), None);
    }
}
