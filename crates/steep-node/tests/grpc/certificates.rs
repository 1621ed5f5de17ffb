//! Who may connect to whom.

use std::io;

use rustls::{SupportedProtocolVersion, version};
use steep_node::grpc::{PeerError, Security};
use steep_node::tls::{Lifetime, NodeCertificate, Tls, init};
use tokio::io::AsyncReadExt as _;

use crate::group::{Group, expired, in_the_future};
use crate::server::{Server, health};
use crate::{raw, soon};

#[tokio::test]
async fn a_peer_is_who_its_certificate_says() {
    let group = Group::new();
    let server = Server::start(group.node("hq")).await;
    let client = server.client_for(&group.node("branch"), Some("hq")).await.unwrap();
    assert_eq!(client.node(), Some("hq"));
    assert_eq!(health(&client).await.unwrap().node_id, "hq");
    let callers = server.callers();
    assert_eq!((callers[0].node.as_str(), callers[0].verified), ("branch", true));
}

#[tokio::test]
async fn a_node_id_that_dns_would_not_allow_is_as_good_as_any() {
    let group = Group::new();
    let server = Server::start(group.node("1")).await;
    for name in ["Node_2.", "7-"] {
        server.client_for(&group.node(name), Some("1")).await.unwrap();
        assert_eq!(
            server
                .health(&Security::Tls(Tls::load(group.files(name)).unwrap()))
                .await
                .unwrap()
                .node_id,
            "1"
        );
    }
}

#[tokio::test]
async fn a_server_of_another_authority_is_not_accepted() {
    let (group, stranger) = (Group::new(), Group::new());
    let server = Server::start(group.node("hq")).await;
    let error = server.health(&stranger.node("branch")).await.unwrap_err();
    assert!(matches!(error, PeerError::Certificate { .. }), "{error:?}");
    assert!(error.hint().is_some());
}

#[tokio::test]
async fn a_client_of_another_authority_is_refused() {
    let (group, stranger) = (Group::new(), Group::new());
    let server = Server::start(group.node("hq")).await;
    let trusting = stranger.node_trusting("branch", &group);
    let error = server.client(&trusting).await.unwrap_err();
    assert!(matches!(error, PeerError::Refused { .. }), "{error:?}");
    assert_eq!(server.callers(), []);
}

#[tokio::test]
async fn an_expired_client_is_refused() {
    let group = Group::new();
    let server = Server::start(group.node("hq")).await;
    let error = server.client(&group.node_with("branch", expired())).await.unwrap_err();
    let PeerError::Refused { reason, .. } = &error else { panic!("{error:?}") };
    assert!(reason.contains("Expired"), "{reason}");
}

#[tokio::test]
async fn an_expired_server_is_not_accepted() {
    let group = Group::new();
    let server = Server::start(group.node_with("hq", expired())).await;
    let error = server.client(&group.node("branch")).await.unwrap_err();
    let PeerError::Certificate { reason, .. } = &error else { panic!("{error:?}") };
    assert!(reason.contains("expired"), "{reason}");
}

#[tokio::test]
async fn a_certificate_from_the_future_is_refused() {
    let group = Group::new();
    let server = Server::start(group.node("hq")).await;
    let error = server.client(&group.node_with("branch", in_the_future())).await.unwrap_err();
    assert!(matches!(error, PeerError::Refused { .. }), "{error:?}");
}

#[tokio::test]
async fn another_node_than_the_expected_one_is_told_apart() {
    let group = Group::new();
    let server = Server::start(group.node("hq")).await;
    let error = server.client_for(&group.node("branch"), Some("depot")).await.unwrap_err();
    let PeerError::OtherIdentity { expected, found, .. } = &error else { panic!("{error:?}") };
    assert_eq!((expected.as_str(), found.as_str()), ("depot", "hq"));
}

#[tokio::test]
async fn a_server_that_answers_in_another_name_is_not_believed() {
    let group = Group::new();
    let server = Server::start(group.node("hq")).await;
    server.pretend_to_be("depot");
    let error = server.health(&group.node("branch")).await.unwrap_err();
    assert!(matches!(error, PeerError::OtherIdentity { .. }), "{error:?}");
}

#[tokio::test]
async fn who_shows_no_certificate_is_refused() {
    let group = Group::new();
    let server = Server::start(group.node("hq")).await;
    let error = raw_handshake(&server, &group, &version::TLS13, None).await.unwrap_err();
    assert!(error.to_string().contains("CertificateRequired"), "{error}");
    assert_eq!(server.callers(), []);
}

#[tokio::test]
async fn tls_before_1_3_is_refused() {
    let group = Group::new();
    let server = Server::start(group.node("hq")).await;
    group.tls("branch");
    let error = raw_handshake(&server, &group, &version::TLS12, Some("branch")).await.unwrap_err();
    assert!(error.to_string().contains("ProtocolVersion"), "{error}");
}

#[tokio::test]
async fn a_certificate_that_names_no_node_is_refused() {
    let group = Group::new();
    let server = Server::start(group.node("hq")).await;
    // The authority itself is signed by the authority, and is no node.
    let error = raw_handshake(&server, &group, &version::TLS13, Some("ca")).await.unwrap_err();
    assert_eq!(server.callers(), [], "{error}");
}

#[tokio::test]
async fn certificates_carry_host_names_for_other_programs() {
    let group = Group::new();
    let hosts = vec!["127.0.0.1".to_owned(), "hq.example.org".to_owned()];
    let wanted = NodeCertificate { node: "hq".parse().unwrap(), hosts };
    init(group.folder(), &[wanted], Lifetime::default()).unwrap();
    let server = Server::start(Security::Tls(Tls::load(group.files("hq")).unwrap())).await;
    group.tls("branch");
    // An ordinary client, which compares the address; it is let in and reads the first frame.
    raw_handshake(&server, &group, &version::TLS13, Some("branch")).await.unwrap();
}

/// What an ordinary TLS client experiences until the server's first byte.
async fn raw_handshake(
    server: &Server,
    group: &Group,
    version: &'static SupportedProtocolVersion,
    node: Option<&str>,
) -> io::Result<u8> {
    let mut stream = raw::connect(server, group, version, node).await?;
    soon("the first byte", stream.read_u8()).await
}
