//! What the three files hold, made into rustls configurations.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use rustls::server::WebPkiClientVerifier;
use rustls::version::TLS13;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use steep_types::NodeId;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::identity::{PeerIdentity, not_after};
use super::verifier::GroupVerifier;
use super::{TlsError, TlsFiles, private_file};

/// When a node's certificates end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expiry {
    /// The node's own.
    pub certificate: SystemTime,
    /// The authority's; of several, the last to end.
    pub authority: SystemTime,
}

impl Expiry {
    /// Seconds until the node's own certificate ends; negative since it has.
    #[must_use]
    pub fn certificate_seconds_left(&self, now: SystemTime) -> i64 {
        seconds_between(now, self.certificate)
    }

    /// Seconds until the authority's certificate ends; negative since it has.
    #[must_use]
    pub fn authority_seconds_left(&self, now: SystemTime) -> i64 {
        seconds_between(now, self.authority)
    }
}

fn seconds_between(now: SystemTime, end: SystemTime) -> i64 {
    let seconds = |time: std::time::Duration| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    match end.duration_since(now) {
        Ok(left) => seconds(left),
        Err(error) => -seconds(error.duration()),
    }
}

/// One consistent reading of the files.
#[derive(Debug)]
pub(super) struct Material {
    pub(super) node: NodeId,
    pub(super) expiry: Expiry,
    pub(super) server: Arc<ServerConfig>,
    pub(super) client: Arc<ClientConfig>,
}

impl Material {
    pub(super) fn read(files: &TlsFiles) -> Result<Self, TlsError> {
        let authorities = certificates(&files.authority)?;
        let chain = certificates(&files.certificate)?;
        let identity = PeerIdentity::of(Some(&chain))
            .map_err(|source| TlsError::Identity { path: files.certificate.clone(), source })?;
        let key = private_key(&files.key)?;
        let (roots, authority) = roots(&files.authority, &authorities)?;
        let pair = |error: rustls::Error| TlsError::Pair {
            certificate: files.certificate.clone(),
            key: files.key.clone(),
            detail: error.to_string(),
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::clone(&roots), Arc::clone(&provider))
                .build()
                .map_err(|error| TlsError::Authority {
                    path: files.authority.clone(),
                    detail: error.to_string(),
                })?;
        let mut server = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&TLS13])
            .map_err(pair)?
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain.clone(), key.clone_key())
            .map_err(pair)?;
        server.alpn_protocols = vec![HTTP2.to_vec()];
        // A resumed session would carry a certificate past its renewal or its end.
        server.send_tls13_tickets = 0;
        let verifier = GroupVerifier { roots, provider: Arc::clone(&provider) };
        let mut client = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13])
            .map_err(pair)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_client_auth_cert(chain, key)
            .map_err(pair)?;
        client.alpn_protocols = vec![HTTP2.to_vec()];
        client.resumption = rustls::client::Resumption::disabled();
        client.enable_sni = false;
        let expiry = Expiry { certificate: identity.not_after, authority };
        let (server, client) = (Arc::new(server), Arc::new(client));
        Ok(Self { node: identity.node, expiry, server, client })
    }
}

const HTTP2: &[u8] = b"h2";

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|source| TlsError::Read { path: path.to_owned(), source })
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&read(path)?).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(TlsError::Empty { path: path.to_owned(), what: "certificate" }),
    }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let bytes = read(path)?;
    if private_file::is_open_to_others(path) {
        return Err(TlsError::OpenKey { path: path.to_owned() });
    }
    PrivateKeyDer::from_pem_slice(&bytes)
        .map_err(|_| TlsError::Empty { path: path.to_owned(), what: "private key" })
}

/// The authorities, and when the last of them ends. Several are there while one replaces another.
fn roots(
    path: &Path,
    authorities: &[CertificateDer<'static>],
) -> Result<(Arc<RootCertStore>, SystemTime), TlsError> {
    let unusable = |detail: String| TlsError::Authority { path: path.to_owned(), detail };
    let mut roots = RootCertStore::empty();
    let mut end = SystemTime::UNIX_EPOCH;
    for authority in authorities {
        let (_, parsed) =
            X509Certificate::from_der(authority).map_err(|error| unusable(error.to_string()))?;
        if !parsed.is_ca() {
            return Err(unusable("it may not sign other certificates".to_owned()));
        }
        end = end.max(not_after(&parsed));
        roots.add(authority.clone()).map_err(|error| unusable(error.to_string()))?;
    }
    Ok((Arc::new(roots), end))
}
