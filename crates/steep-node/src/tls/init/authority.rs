//! The authority of a group.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PublicKeyData as _,
};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::files::{NewFiles, failed};
use super::{InitError, Lifetime};
use crate::tls::identity::not_after;

pub(super) const CERTIFICATE: &str = "ca.crt";
pub(super) const KEY: &str = "ca.key";

/// Ten years: longer than most servers, shorter than what is hard to explain.
const DAYS: u32 = 3653;

/// Whoever signs the certificates of a group's nodes.
pub(super) struct Authority {
    pub(super) issuer: Issuer<'static, KeyPair>,
    pub(super) not_after: SystemTime,
    pub(super) is_new: bool,
}

impl Authority {
    /// The authority in `folder`, made if there is none.
    pub(super) fn of(folder: &Path, files: &mut NewFiles) -> Result<Self, InitError> {
        let (certificate, key) = (folder.join(CERTIFICATE), folder.join(KEY));
        match (certificate.exists(), key.exists()) {
            (true, true) => Self::read(&certificate, &key),
            (false, false) => Self::make(&certificate, &key, files),
            (true, false) => Err(InitError::HalfAnAuthority { present: certificate, missing: key }),
            (false, true) => Err(InitError::HalfAnAuthority { present: key, missing: certificate }),
        }
    }

    fn make(certificate: &Path, key: &Path, files: &mut NewFiles) -> Result<Self, InitError> {
        let lifetime = Lifetime::days(DAYS);
        let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(crypto)?;
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "steep-repl group authority");
        // Signs nodes, not further authorities.
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.not_before = lifetime.begins.into();
        params.not_after = lifetime.ends().into();
        let signed = params.self_signed(&pair).map_err(crypto)?;
        files.private(key, &pair.serialize_pem())?;
        files.public(certificate, &signed.pem())?;
        let issuer = Issuer::new(params, pair);
        Ok(Self { issuer, not_after: lifetime.ends(), is_new: true })
    }

    fn read(certificate: &Path, key: &Path) -> Result<Self, InitError> {
        let text =
            |path: &Path| fs::read_to_string(path).map_err(|source| failed("read", path, source));
        let unusable =
            |path: &Path, detail: String| InitError::Authority { path: path.to_owned(), detail };
        let pair =
            KeyPair::from_pem(&text(key)?).map_err(|error| unusable(key, error.to_string()))?;
        let der = CertificateDer::from_pem_slice(text(certificate)?.as_bytes())
            .map_err(|error| unusable(certificate, error.to_string()))?;
        let (_, parsed) = X509Certificate::from_der(&der)
            .map_err(|error| unusable(certificate, error.to_string()))?;
        if !parsed.is_ca() {
            return Err(unusable(certificate, "it may not sign other certificates".to_owned()));
        }
        if parsed.public_key().raw != pair.subject_public_key_info().as_slice() {
            return Err(unusable(certificate, "ca.key is not its key".to_owned()));
        }
        let not_after = not_after(&parsed);
        if not_after <= SystemTime::now() {
            return Err(InitError::AuthorityExpired { path: certificate.to_owned() });
        }
        let issuer = Issuer::from_ca_cert_der(&der, pair)
            .map_err(|error| unusable(certificate, error.to_string()))?;
        Ok(Self { issuer, not_after, is_new: false })
    }
}

pub(super) fn crypto(error: rcgen::Error) -> InitError {
    InitError::Crypto { detail: error.to_string() }
}
