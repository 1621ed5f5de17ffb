//! Settings of the TLS library for one server.

mod verifier;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use self::verifier::{AnyName, Anyone};
use crate::{Tls, TlsMode};

/// Why a certificate or key cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read, or holds no certificate or key.
    #[error("cannot read {what} from {}: {reason}", path.display())]
    File {
        /// `certificates` or `a key`.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The mode needs a file of authorities.
    #[error("TLS mode verify-ca and verify-full need a file of trusted authorities (tls.ca_file)")]
    NoAuthorities,
    /// A certificate without its key, or the other way round.
    #[error("a client certificate needs both tls.cert_file and tls.key_file")]
    Incomplete,
    /// The client's certificate and key cannot be used.
    #[error("the client certificate {} with the key {} cannot be used: {reason}", certificate.display(), key.display())]
    Client {
        /// The certificate.
        certificate: PathBuf,
        /// The key.
        key: PathBuf,
        /// Why.
        reason: String,
    },
    /// The library refuses what the files hold.
    #[error("certificate or key not usable: {0}")]
    Library(String),
}

/// What the connector needs, from what the settings say.
pub(crate) fn client_config(tls: &Tls) -> Result<ClientConfig, TlsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let library = |error: rustls::Error| TlsError::Library(error.to_string());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(library)?;
    let trusted = match (&tls.ca_file, tls.mode) {
        (_, TlsMode::Disable | TlsMode::Prefer) | (None, TlsMode::Require) => None,
        (None, TlsMode::VerifyCa | TlsMode::VerifyFull) => return Err(TlsError::NoAuthorities),
        (Some(file), _) => {
            let verifier = WebPkiServerVerifier::builder_with_provider(
                Arc::new(authorities(file)?),
                Arc::clone(&provider),
            );
            Some(verifier.build().map_err(|error| TlsError::Library(error.to_string()))?)
        }
    };
    let builder = builder.dangerous();
    let builder = match (trusted, tls.mode) {
        (None, _) => builder.with_custom_certificate_verifier(Arc::new(Anyone::new(&provider))),
        (Some(verifier), TlsMode::VerifyFull) => builder.with_custom_certificate_verifier(verifier),
        (Some(verifier), _) => {
            builder.with_custom_certificate_verifier(Arc::new(AnyName::new(verifier)))
        }
    };
    match (&tls.cert_file, &tls.key_file) {
        (None, None) => Ok(builder.with_no_client_auth()),
        (Some(cert), Some(key)) => builder
            .with_client_auth_cert(certificates(cert)?, private_key(key)?)
            .map_err(|error| TlsError::Client {
                certificate: cert.clone(),
                key: key.clone(),
                reason: words(&error),
            }),
        _ => Err(TlsError::Incomplete),
    }
}

/// What the library says, in words where it has none.
fn words(error: &rustls::Error) -> String {
    let said = error.to_string();
    match error {
        rustls::Error::InvalidCertificate(_) if said.contains("UnsupportedCertVersion") => {
            "the certificate is of X.509 version 1, and only version 3 is read".to_owned()
        }
        rustls::Error::InconsistentKeys(_) => "they do not belong together".to_owned(),
        _ => said,
    }
}

fn authorities(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut store = RootCertStore::empty();
    for certificate in certificates(path)? {
        store.add(certificate).map_err(|error| TlsError::File {
            what: "certificates",
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
    }
    Ok(store)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let failed =
        |reason: String| TlsError::File { what: "certificates", path: path.to_owned(), reason };
    let found: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| failed(error.to_string()))?;
    if found.is_empty() {
        return Err(failed("it holds none".to_owned()));
    }
    Ok(found)
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_file(path).map_err(|error| TlsError::File {
        what: "a key",
        path: path.to_owned(),
        reason: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verifying_without_authorities_is_refused() {
        for mode in [TlsMode::VerifyCa, TlsMode::VerifyFull] {
            let failed = client_config(&Tls { mode, ..Tls::default() });
            assert!(matches!(failed, Err(TlsError::NoAuthorities)));
        }
        assert!(client_config(&Tls::default()).is_ok());
    }

    /// As `openssl x509 -req` makes it without an extension file.
    const VERSION_1: &str = "-----BEGIN CERTIFICATE-----
MIIBHzCBxQIUZAbCBj4oJ/P6P9Zp+TLtZkhOzTgwCgYIKoZIzj0EAwIwETEPMA0G
A1UEAwwGZGFlbW9uMCAXDTI2MTEyNjE0NTMwMFoYDzIxMjYxMTAyMTQ1MzAwWjAR
MQ8wDQYDVQQDDAZkYWVtb24wWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAR5nWAB
enkDQOyhYzZl5/3WYVO1VpgaBZ/AerWEyteTrJUae9jhWopTSYIyWEO5C3WsM/Hc
640ujQGmv0CAYyzBMAoGCCqGSM49BAMCA0kAMEYCIQDyHrLqnDQo/UOiLfAzp08G
Ar21J2Pd6kE0Lk78yJ0OBgIhAOq+YgP7KAlBpEwIlYhTEGfmv1E6PaKajQjGCSfC
wXYD
-----END CERTIFICATE-----
";

    #[test]
    fn a_client_certificate_of_version_1_is_named_with_what_is_wrong_with_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let (certificate, key) = (folder.path().join("old.crt"), folder.path().join("old.key"));
        std::fs::write(&certificate, VERSION_1).expect("it can be written");
        let pair = rcgen::KeyPair::generate().expect("a key");
        std::fs::write(&key, pair.serialize_pem()).expect("it can be written");
        let tls = Tls { cert_file: Some(certificate), key_file: Some(key), ..Tls::default() };
        let error = crate::PgError::from(client_config(&tls).expect_err("it is too old"));
        let said = error.to_string();
        assert!(said.contains("old.crt") && said.contains("X.509 version 1"), "{said}");
        assert!(error.hint().is_some_and(|hint| hint.contains("-extfile")));
    }

    #[test]
    fn a_file_that_is_no_certificate_is_named() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let tls = Tls { mode: TlsMode::VerifyCa, ca_file: Some(file), ..Tls::default() };
        let said = client_config(&tls).unwrap_err().to_string();
        assert!(said.contains("Cargo.toml"), "{said}");
    }
}
