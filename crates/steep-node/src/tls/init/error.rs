//! Why no certificates were made.

use std::io;
use std::path::PathBuf;

/// Why no certificates were made. Nothing new was left.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InitError {
    /// A file that was to be made is there.
    #[error("{path} is there already")]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A file or folder cannot be read or written.
    #[error("cannot {action} {path}")]
    File {
        /// `read`, `write`, `make`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// One of the authority's two files is there, the other is not.
    #[error("{present} is there, but {missing} is not")]
    HalfAnAuthority {
        /// What is there.
        present: PathBuf,
        /// What is not.
        missing: PathBuf,
    },
    /// The authority's files cannot be used.
    #[error("the authority in {path} cannot be used: {detail}")]
    Authority {
        /// The file that is wrong.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// The authority's certificate has expired.
    #[error("the authority in {path} has expired")]
    AuthorityExpired {
        /// Its certificate.
        path: PathBuf,
    },
    /// The node's files would be the authority's.
    #[error("a node cannot be called {node:?}: its files would be the authority's")]
    ReservedName {
        /// The name.
        node: String,
    },
    /// A host name is neither a DNS name nor an IP address.
    #[error("{host:?} is neither a host name nor an IP address")]
    Host {
        /// As given.
        host: String,
    },
    /// A certificate that is valid for no time was asked for.
    #[error("a certificate must be valid for at least one day")]
    NoDays,
    /// Key or certificate could not be made.
    #[error("cannot make a certificate: {detail}")]
    Crypto {
        /// What rcgen says.
        detail: String,
    },
}

impl InitError {
    /// The way out.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Exists { .. } => Some(
                "nothing is overwritten: to renew a certificate, move the node's .crt and .key \
                 away first; a running daemon takes the new files by itself",
            ),
            Self::HalfAnAuthority { .. } => Some(
                "bring the missing file back; without ca.key no node can be added, and a new \
                 authority means new certificates for every node",
            ),
            Self::Authority { .. } | Self::AuthorityExpired { .. } => Some(
                "make a new authority in another folder, and let every node trust both while \
                 their certificates are replaced: ca_file may hold several",
            ),
            Self::Host { .. } => Some("give a name without port, or an address without brackets"),
            Self::File { .. } | Self::ReservedName { .. } | Self::NoDays | Self::Crypto { .. } => {
                None
            }
        }
    }
}
