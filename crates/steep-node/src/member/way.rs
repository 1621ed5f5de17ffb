//! The way to the PostgreSQL of another node.

use std::time::Duration;

use steep_pg::{Secret, Server, Settings, Tls};
use steep_proto::Credentials;

use super::Member;
use crate::error::{NodeError, While};
use crate::names;

/// Where another node's PostgreSQL is, how to log in there, and what it has to show.
#[derive(Debug, Clone)]
pub(crate) struct Way {
    node: String,
    at: Credentials,
    tls: Tls,
}

impl Member {
    /// How this node reaches the PostgreSQL of `node`, which has said `credentials` of it.
    ///
    /// # Errors
    /// When the TLS mode that it says does not exist.
    pub(crate) fn way_to(&self, node: &str, credentials: &Credentials) -> Result<Way, NodeError> {
        let at = self.routes.postgres(node, credentials);
        let tls = self.peer_tls.towards(node, &at.sslmode)?;
        Ok(Way { node: node.to_owned(), at, tls })
    }
}

impl Way {
    /// For this node's own PostgreSQL, which subscribes: with the password.
    pub(super) fn conninfo(&self) -> String {
        let Self { at, tls, .. } = self;
        let port = at.port.to_string();
        let mut parameters = vec![
            ("host", at.host.as_str()),
            ("port", port.as_str()),
            ("dbname", at.database.as_str()),
            ("user", at.role.as_str()),
            ("password", at.password.as_str()),
        ];
        parameters.extend(tls.parameters());
        names::conninfo(&parameters)
    }

    /// For this daemon, and the programs that it runs.
    ///
    /// # Errors
    /// When a certificate or key cannot be used.
    pub(crate) fn server(&self) -> Result<Server, NodeError> {
        let Self { node, at, tls } = self;
        let port = u16::try_from(at.port).unwrap_or_default();
        let mut settings = Settings::new(&at.host, port, &at.database, &at.role);
        settings.secret = Some(Secret::new(&at.password));
        settings.peer = Some(node.clone());
        settings.statement_timeout = Duration::ZERO;
        settings.tls = tls.clone();
        Server::new(settings).while_doing(format!("node {node}"))
    }
}
