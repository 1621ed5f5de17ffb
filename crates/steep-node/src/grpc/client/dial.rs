//! From an address to a stream on which a daemon of the group speaks HTTP/2.

use std::io;

use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::super::Security;
use super::PeerError;
use super::error::of_handshake;
use super::rewind::Rewind;
use crate::tls::PeerIdentity;

/// A stream, encrypted or not.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Duplex for S {}

/// What a connection begins with.
pub(super) struct Dialled {
    pub(super) stream: Rewind<Box<dyn Duplex>>,
    /// By the peer's certificate; none without TLS.
    pub(super) identity: Option<PeerIdentity>,
}

/// Length, type, flags and stream of an HTTP/2 frame (RFC 9113, 4.1).
const FRAME_HEADER: usize = 9;
const SETTINGS: u8 = 4;

pub(super) async fn dial(
    address: &str,
    security: &Security,
    expected: Option<&str>,
) -> Result<Dialled, PeerError> {
    let unreachable = |source| PeerError::Unreachable { address: address.to_owned(), source };
    let tcp = TcpStream::connect(address).await.map_err(unreachable)?;
    tcp.set_nodelay(true).map_err(unreachable)?;
    match security {
        Security::Plaintext { .. } => {
            let peer = tcp.peer_addr().map_err(unreachable)?;
            if !peer.ip().is_loopback() {
                let detail = "plaintext is for loopback addresses only".to_owned();
                return Err(unreachable(io::Error::new(io::ErrorKind::Unsupported, detail)));
            }
            greet(address, Box::new(tcp), None).await
        }
        Security::Tls(tls) => {
            // The name that is sent plays no part: the node's name decides, below.
            let name = ServerName::from(std::net::Ipv4Addr::LOCALHOST);
            let stream = TlsConnector::from(tls.client())
                .connect(name, tcp)
                .await
                .map_err(|error| of_handshake(address, error))?;
            let identity = PeerIdentity::of(stream.get_ref().1.peer_certificates());
            let identity = match identity {
                Ok(identity) => identity,
                Err(error) => {
                    let reason = error.to_string();
                    return Err(PeerError::Certificate { address: address.to_owned(), reason });
                }
            };
            let node = identity.node.as_str();
            if let Some(expected) = expected.filter(|expected| *expected != node) {
                return Err(PeerError::OtherIdentity {
                    address: address.to_owned(),
                    expected: expected.to_owned(),
                    found: node.to_owned(),
                });
            }
            greet(address, Box::new(stream), Some(identity)).await
        }
    }
}

/// Waits for the server's first frame.
///
/// In TLS 1.3 the client is done before the server has looked at its certificate; only what the
/// server sends next tells whether it was accepted. An HTTP/2 server speaks first: SETTINGS.
async fn greet(
    address: &str,
    mut stream: Box<dyn Duplex>,
    identity: Option<PeerIdentity>,
) -> Result<Dialled, PeerError> {
    let mut header = [0; FRAME_HEADER];
    let mut length = 0;
    while length < FRAME_HEADER {
        match stream.read(&mut header[length..]).await {
            Ok(0) => {
                let detail = "it closed the connection before it said anything".to_owned();
                return Err(PeerError::NotADaemon { address: address.to_owned(), detail });
            }
            Ok(read) => length += read,
            Err(error) => return Err(of_handshake(address, error)),
        }
        if is_alert(&header[..length]) {
            let detail = "it speaks TLS, and this node was told not to".to_owned();
            return Err(PeerError::NotADaemon { address: address.to_owned(), detail });
        }
    }
    if header[3] != SETTINGS || header[5..] != [0; 4] {
        let detail = "its first bytes are not HTTP/2".to_owned();
        return Err(PeerError::NotADaemon { address: address.to_owned(), detail });
    }
    Ok(Dialled { stream: Rewind::new(header, stream), identity })
}

/// A TLS record of an alert (RFC 8446, 5.1). As a frame it would be 1.4 MB long, which no server
/// sends before it knows that the client takes it.
fn is_alert(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x15, 0x03])
}
