use super::certificate;
use crate::reader::{Section, choices};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// What peers talk to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Grpc {
    /// Where the daemon listens for its peers.
    pub listen: SocketAddr,
    /// How both sides know each other.
    pub tls: GrpcTls,
}

/// Encryption between daemons.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GrpcTls {
    /// Whether there is any.
    pub mode: GrpcTlsMode,
    /// Certificate of the group's authority.
    pub ca_file: Option<PathBuf>,
    /// Certificate of this node.
    pub cert_file: Option<PathBuf>,
    /// Its key.
    pub key_file: Option<PathBuf>,
}

choices! {
    /// How daemons know each other.
    GrpcTlsMode {
        /// Both sides show a certificate.
        Mutual = "mutual",
        /// Not at all; on loopback only.
        Off = "off",
    }
}

impl Grpc {
    pub(crate) fn read(section: &Section<'_>) -> Self {
        let everywhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 5433));
        let listen = section.value("listen", everywhere);
        let tls = GrpcTls::read(&section.section("tls"), listen);
        Self { listen, tls }
    }
}

impl GrpcTls {
    fn read(section: &Section<'_>, listen: SocketAddr) -> Self {
        let mode = section.value("mode", GrpcTlsMode::Mutual);
        let ca_file = section.optional("ca_file");
        let (cert_file, key_file) = certificate(section);
        if mode == GrpcTlsMode::Off && !listen.ip().is_loopback() {
            section.reject(
                "mode",
                format_args!("off is for loopback only, and grpc.listen is {listen}"),
                Some("listen on 127.0.0.1, or make certificates with `steep-replctl tls init`"),
            );
        }
        Self { mode, ca_file, cert_file, key_file }
    }
}
