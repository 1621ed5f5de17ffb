//! Whose certificate it is.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls_pki_types::CertificateDer;
use steep_types::NodeId;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// What a certificate says of its owner. Says nothing of whether it is to be trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerIdentity {
    /// The node.
    pub node: NodeId,
    /// The last second in which it is valid.
    pub not_after: SystemTime,
}

/// Why a certificate names no node.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// The peer showed none.
    #[error("there is no certificate")]
    Missing,
    /// It is not X.509.
    #[error("it cannot be parsed")]
    Malformed,
    /// There is not exactly one common name.
    #[error("it has {found} common names, not one")]
    CommonNames {
        /// How many there are.
        found: usize,
    },
    /// The common name is no node id.
    #[error("its common name is no node id: {reason}")]
    NodeId {
        /// Why not.
        reason: String,
    },
    /// The node id is not among the DNS names.
    #[error("its common name {node:?} is not among its DNS names")]
    NotAnAlternativeName {
        /// The common name.
        node: String,
    },
}

impl PeerIdentity {
    /// The owner of the first certificate of a chain that was verified.
    ///
    /// # Errors
    /// [`IdentityError`], also when there is no chain.
    pub fn of(chain: Option<&[CertificateDer<'_>]>) -> Result<Self, IdentityError> {
        let certificate = chain.and_then(<[_]>::first).ok_or(IdentityError::Missing)?;
        let (_, certificate) =
            X509Certificate::from_der(certificate).map_err(|_| IdentityError::Malformed)?;
        let names: Vec<_> = certificate.subject().iter_common_name().collect();
        let [name] = names.as_slice() else {
            return Err(IdentityError::CommonNames { found: names.len() });
        };
        let name = name.as_str().map_err(|_| IdentityError::Malformed)?;
        let node = NodeId::new(name)
            .map_err(|error| IdentityError::NodeId { reason: error.to_string() })?;
        let alternatives = certificate
            .subject_alternative_name()
            .map_err(|_| IdentityError::Malformed)?
            .map(|extension| extension.value.general_names.as_slice())
            .unwrap_or_default();
        let is_named = alternatives
            .iter()
            .any(|other| matches!(other, GeneralName::DNSName(other) if *other == name));
        if !is_named {
            return Err(IdentityError::NotAnAlternativeName { node: name.to_owned() });
        }
        Ok(Self { node, not_after: not_after(&certificate) })
    }

    /// How long the certificate is still valid.
    #[must_use]
    pub fn valid_for(&self) -> Duration {
        let end = self.not_after + Duration::from_secs(1);
        end.duration_since(SystemTime::now()).unwrap_or_default()
    }
}

/// The end of a certificate's validity.
pub(super) fn not_after(certificate: &X509Certificate<'_>) -> SystemTime {
    let seconds = u64::try_from(certificate.validity().not_after.timestamp()).unwrap_or_default();
    UNIX_EPOCH + Duration::from_secs(seconds)
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};

    use super::*;

    fn identity(common_name: Option<&str>, dns_names: &[&str]) -> Result<NodeId, IdentityError> {
        let names: Vec<String> = dns_names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name = DistinguishedName::new();
        if let Some(name) = common_name {
            params.distinguished_name.push(DnType::CommonName, name);
        }
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        PeerIdentity::of(Some(&[certificate.der().clone()])).map(|identity| identity.node)
    }

    #[test]
    fn the_common_name_is_the_node() {
        assert_eq!(identity(Some("hq"), &["hq.example.org", "hq"]).unwrap().as_str(), "hq");
    }

    #[test]
    fn a_common_name_that_is_no_dns_name_of_the_certificate_is_refused() {
        for names in [["hq.example.org", "HQ"].as_slice(), &[]] {
            let error = identity(Some("hq"), names).unwrap_err();
            assert_eq!(error, IdentityError::NotAnAlternativeName { node: "hq".to_owned() });
        }
    }

    #[test]
    fn whatever_is_not_one_node_id_is_refused() {
        let error = identity(None, &["hq"]).unwrap_err();
        assert_eq!(error, IdentityError::CommonNames { found: 0 });
        let error = identity(Some("our hq"), &["hq"]).unwrap_err();
        assert!(matches!(error, IdentityError::NodeId { .. }), "{error:?}");
        assert_eq!(PeerIdentity::of(None).unwrap_err(), IdentityError::Missing);
        let error = PeerIdentity::of(Some(&[CertificateDer::from(vec![0x30, 0])])).unwrap_err();
        assert_eq!(error, IdentityError::Malformed);
    }
}
