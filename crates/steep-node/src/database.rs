//! The way to this node's database, as the configuration describes it.

use std::sync::Arc;

use steep_config::PostgresTlsMode;
use steep_pg::{PgError, ReadSecret, Secret, Server, Settings, Tls, TlsMode};

/// The server that the configuration names. The secret is whatever
/// [`steep_config::Postgres::password`] has found.
///
/// # Errors
/// When a certificate or key cannot be used.
pub fn server(
    postgres: &steep_config::Postgres,
    secret: Option<&steep_config::Secret>,
) -> Result<Server, PgError> {
    let mut settings =
        Settings::new(&postgres.host, postgres.port, &postgres.database, &postgres.user);
    settings.secret = secret.map(|secret| Secret::new(secret.reveal()));
    settings.connect_timeout = postgres.connect_timeout;
    settings.statement_timeout = postgres.statement_timeout;
    settings.tls = Tls {
        mode: mode(postgres.tls.mode),
        ca_file: postgres.tls.ca_file.clone(),
        cert_file: postgres.tls.cert_file.clone(),
        key_file: postgres.tls.key_file.clone(),
    };
    Server::new(settings)
}

/// Where a password that was changed is to be had: where [`steep_config::Postgres::password`] looks.
#[must_use]
pub fn secret_source(postgres: &steep_config::Postgres) -> Arc<ReadSecret> {
    let postgres = postgres.clone();
    Arc::new(move || match postgres.password(&steep_config::Environment::of_process()) {
        Ok(secret) => Ok(secret.map(|secret| Secret::new(secret.reveal()))),
        Err(error) => Err(error.to_string()),
    })
}

/// The mode that the configuration names.
pub(crate) fn mode(configured: PostgresTlsMode) -> TlsMode {
    match configured {
        PostgresTlsMode::Disable => TlsMode::Disable,
        PostgresTlsMode::Prefer => TlsMode::Prefer,
        PostgresTlsMode::Require => TlsMode::Require,
        PostgresTlsMode::VerifyCa => TlsMode::VerifyCa,
        // VerifyFull, and what later versions may add: as strict as can be.
        _ => TlsMode::VerifyFull,
    }
}
