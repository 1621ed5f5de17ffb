//! TLS as any program would speak it.

use std::io;
use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::group::Group;
use crate::server::Server;
use crate::soon;

/// Connects with the certificate of a node of the group, or with none.
pub(crate) async fn connect(
    server: &Server,
    group: &Group,
    version: &'static SupportedProtocolVersion,
    node: Option<&str>,
) -> io::Result<TlsStream<TcpStream>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    let authority = group.folder().join("ca.crt");
    roots.add(CertificateDer::from_pem_file(authority).unwrap()).unwrap();
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots);
    let mut config = match node {
        None => builder.with_no_client_auth(),
        Some(node) => {
            let files = group.files(node);
            let certificate = CertificateDer::from_pem_file(files.certificate).unwrap();
            let key = PrivateKeyDer::from_pem_file(files.key).unwrap();
            builder.with_client_auth_cert(vec![certificate], key).unwrap()
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    let tcp = TcpStream::connect(server.address).await?;
    // The servers of these tests are called hq; that is a DNS name too.
    let name = ServerName::try_from("hq").unwrap();
    soon("the handshake", TlsConnector::from(Arc::new(config)).connect(name, tcp)).await
}
