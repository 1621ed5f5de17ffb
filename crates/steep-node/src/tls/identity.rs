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
