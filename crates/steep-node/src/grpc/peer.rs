//! Who is at the other end.

use std::net::SocketAddr;

/// Who makes a call.
///
/// With TLS, `node` is what the peer's verified certificate says. On a plaintext connection, which
/// only loopback can have, it is what the peer says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Its node id.
    pub node: String,
    /// Where it calls from.
    pub address: SocketAddr,
    /// Whether a certificate says so.
    pub verified: bool,
}
