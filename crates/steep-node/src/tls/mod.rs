//! Certificates of a group: making them, using them, renewing them while the daemon runs.
//!
//! A group has one authority. Each node has a certificate of it whose common name, and one of whose
//! DNS names, is the node's id; whoever shows it and has its key *is* that node. Host names play
//! no part in the checks of steep-repl; they are in certificates for other programs' sake.
//!
//! TLS 1.3 only: both ends are daemons of this project, so that there is nobody to be compatible
//! with. rustls with ring; no other TLS library is linked.
//!
//! [`init()`] makes the files, [`Tls`] uses them. There is no revocation: a node whose key was stolen
//! means a new authority.

mod error;
mod identity;
pub mod init;
mod material;
mod private_file;
mod reload;
mod verifier;

pub use error::TlsError;
pub use identity::{IdentityError, PeerIdentity};
pub use init::{InitError, Issued, Lifetime, NodeCertificate, init};
pub use material::Expiry;
pub use reload::{Tls, TlsFiles};
