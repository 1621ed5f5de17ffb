//! Why certificates cannot be used.

use std::io;
use std::path::PathBuf;

use super::IdentityError;

/// Why a node cannot use its certificate files.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// A file holds no certificate or key in PEM form.
    #[error("{path} holds no {what} in PEM form")]
    Empty {
        /// The file.
        path: PathBuf,
        /// `certificate` or `private key`.
        what: &'static str,
    },
    /// Others may read the key.
    #[error("the private key {path} can be read by other users")]
    OpenKey {
        /// The file.
        path: PathBuf,
    },
    /// The certificate names no node.
    #[error("the certificate {path} cannot be a node's: {source}")]
    Identity {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: IdentityError,
    },
    /// The certificate is another node's than the one that was to be renewed.
    #[error("the certificate {path} is of node {found:?}, not of {expected:?}")]
    OtherNode {
        /// The file.
        path: PathBuf,
        /// Whose it was to be.
        expected: String,
        /// Whose it is.
        found: String,
    },
    /// The authority's certificate is none that can sign.
    #[error("{path} is no certificate of an authority: {detail}")]
    Authority {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// Key and certificate do not belong together, or the key's kind is unknown.
    #[error("the certificate {certificate} cannot be used with the key {key}: {detail}")]
    Pair {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What rustls says.
        detail: String,
    },
}

impl TlsError {
    /// The way out.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Read { .. } => {
                "check grpc.tls in the configuration; `steep-replctl tls init` makes the files"
            }
            Self::OpenKey { .. } => "chmod 0600 it, and issue a new one if others had access",
            Self::Empty { .. }
            | Self::Identity { .. }
            | Self::OtherNode { .. }
            | Self::Authority { .. }
            | Self::Pair { .. } => {
                "use the files as `steep-replctl tls init` made them for this node"
            }
        })
    }
}
