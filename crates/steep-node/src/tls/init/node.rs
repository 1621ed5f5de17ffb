//! The certificate of a node.

use std::net::IpAddr;
use std::time::SystemTime;

use rcgen::{
    CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, SanType,
};
use rustls_pki_types::ServerName;

use super::authority::{Authority, crypto};
use super::{InitError, Lifetime, NodeCertificate};

/// A key and its certificate, as PEM.
pub(super) struct Signed {
    pub(super) certificate_pem: String,
    pub(super) key_pem: String,
    pub(super) not_after: SystemTime,
}

pub(super) fn sign(
    wanted: &NodeCertificate,
    lifetime: Lifetime,
    authority: &Authority,
) -> Result<Signed, InitError> {
    let node = wanted.node.as_str();
    let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(crypto)?;
    let not_after = lifetime.ends().min(authority.not_after);
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, node);
    params.subject_alt_names.push(SanType::DnsName(node.try_into().map_err(crypto)?));
    for host in &wanted.hosts {
        let name = alternative(host)?;
        if !params.subject_alt_names.contains(&name) {
            params.subject_alt_names.push(name);
        }
    }
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    // Every daemon is a server to its peers and a client of theirs.
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    params.use_authority_key_identifier_extension = true;
    params.not_before = lifetime.begins.into();
    params.not_after = not_after.into();
    let certificate = params.signed_by(&pair, &authority.issuer).map_err(crypto)?;
    Ok(Signed { certificate_pem: certificate.pem(), key_pem: pair.serialize_pem(), not_after })
}

fn alternative(host: &str) -> Result<SanType, InitError> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(SanType::IpAddress(address));
    }
    let refused = || InitError::Host { host: host.to_owned() };
    match ServerName::try_from(host).map_err(|_| refused())? {
        ServerName::DnsName(_) => Ok(SanType::DnsName(host.try_into().map_err(|_| refused())?)),
        _ => Err(refused()),
    }
}
