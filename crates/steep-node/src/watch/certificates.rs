//! The certificates of this node's daemon, as the watch asks for them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use crate::tls::Tls;

/// Whose certificate it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateOwner {
    /// This node.
    Node,
    /// The group's authority.
    Authority,
}

/// A certificate that this node's daemon uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Whose it is.
    pub owner: CertificateOwner,
    /// Where it was read from.
    pub file: PathBuf,
    /// The last second in which it is valid.
    pub not_after: SystemTime,
}

/// The certificates in use, and what keeps newer ones from being used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Certificates {
    /// Those in use; nothing if there are none.
    pub used: Vec<Certificate>,
    /// Why files that have changed are not used.
    pub trouble: Option<String>,
}

/// Asked at every look, because certificates can be renewed while the daemon runs.
pub type AskCertificates = Arc<dyn Fn() -> Certificates + Send + Sync>;

impl Certificates {
    /// Those of a running node.
    #[must_use]
    pub fn of(tls: &Tls) -> Self {
        let (files, expiry) = (tls.files(), tls.expiry());
        let node = Certificate {
            owner: CertificateOwner::Node,
            file: files.certificate.clone(),
            not_after: expiry.certificate,
        };
        let authority = Certificate {
            owner: CertificateOwner::Authority,
            file: files.authority.clone(),
            not_after: expiry.authority,
        };
        Self { used: vec![node, authority], trouble: tls.trouble() }
    }
}
