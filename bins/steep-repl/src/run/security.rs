//! What protects the connections between daemons.

use steep_config::{Config, GrpcTlsMode};
use steep_node::grpc::Security;
use steep_node::tls::{Tls, TlsFiles};
use steep_node::watch::{AskCertificates, Certificates};

use crate::error::Error;

/// What the configuration asks for; none while there are no certificates yet.
pub(super) fn of(config: &Config) -> Result<Option<Security>, Error> {
    let tls = &config.grpc.tls;
    if tls.mode == GrpcTlsMode::Off {
        let node = config.topology.this_node.name.clone().ok_or(Error::Nameless)?;
        return Ok(Some(Security::Plaintext { node }));
    }
    let (Some(authority), Some(certificate), Some(key)) =
        (&tls.ca_file, &tls.cert_file, &tls.key_file)
    else {
        return Ok(None);
    };
    let files = TlsFiles {
        authority: authority.clone(),
        certificate: certificate.clone(),
        key: key.clone(),
    };
    Ok(Some(Security::Tls(Tls::load(files)?)))
}

/// Its certificates, for the watch.
pub(super) fn certificates(security: Option<&Security>) -> AskCertificates {
    let tls = match security {
        Some(Security::Tls(tls)) => Some(std::sync::Arc::clone(tls)),
        _ => None,
    };
    std::sync::Arc::new(move || tls.as_deref().map(Certificates::of).unwrap_or_default())
}
