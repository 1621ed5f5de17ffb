//! Whatever may come in through an open port. Afterwards the server answers as before.

use std::time::Duration;

use rustls::version::TLS13;
use steep_node::grpc::{Limits, PeerClient, PeerError};
use steep_proto::{DescribeRequest, NodeDescription, PROTOCOL, PrepareJoinRequest};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::group::{Group, plaintext};
use crate::http2;
use crate::raw;
use crate::server::{Server, health};
use crate::soon;

#[tokio::test]
async fn plaintext_at_a_port_with_tls_is_told_apart() {
    let group = Group::new();
    let server = Server::start(group.node("hq")).await;
    let error = server.client(&plaintext("branch")).await.unwrap_err();
    assert!(matches!(error, PeerError::NotADaemon { .. }), "{error:?}");
    server.health(&group.node("branch")).await.unwrap();
    assert_eq!(server.callers().len(), 1);
}

#[tokio::test]
async fn tls_at_a_port_without_it_is_told_apart() {
    let server = Server::start(plaintext("hq")).await;
    let error = server.client(&Group::new().node("branch")).await.unwrap_err();
    assert!(matches!(error, PeerError::NotADaemon { .. }), "{error:?}");
    server.health(&plaintext("branch")).await.unwrap();
}

#[tokio::test]
async fn another_kind_of_server_is_no_daemon() {
    for answer in [b"HTTP/1.1 400 Bad Request\r\n\r\n".as_slice(), b"\0\0\0", b""] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let serving = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(answer).await.unwrap();
            stream.shutdown().await.unwrap();
            // Reading to the end keeps the answer from being lost in a reset.
            let _ = stream.read_to_end(&mut Vec::new()).await;
        });
        let error = PeerClient::connect(&address, &plaintext("branch"), None).await.unwrap_err();
        assert!(matches!(error, PeerError::NotADaemon { .. }), "{error:?}");
        soon("the end", serving).await.unwrap();
    }
}

#[tokio::test]
async fn garbage_instead_of_tls_is_survived() {
    let group = Group::new();
    let server = Server::start(group.node("hq")).await;
    for seed in 0..64 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        // The server may hang up before all is written.
        let _ = stream.write_all(&garbage(seed, 512)).await;
        let _ = stream.shutdown().await;
        soon("the end", stream.read_to_end(&mut Vec::new())).await.ok();
    }
    server.health(&group.node("branch")).await.unwrap();
    assert_eq!(server.callers().len(), 1);
}

#[tokio::test]
async fn garbage_inside_tls_is_survived() {
    let group = Group::new();
    let server = Server::start(group.node("hq")).await;
    let own = group.node("branch");
    for seed in 0..32 {
        let mut stream = raw::connect(&server, &group, &TLS13, Some("branch")).await.unwrap();
        let mut bytes = if seed % 2 == 0 { Vec::new() } else { http2::preface() };
        bytes.extend(garbage(seed, 512));
        let _ = stream.write_all(&bytes).await;
        let _ = stream.shutdown().await;
        soon("the end", stream.read_to_end(&mut Vec::new())).await.ok();
    }
    server.health(&own).await.unwrap();
    assert_eq!(server.callers().len(), 1);
}

#[tokio::test]
async fn a_handshake_that_was_cut_anywhere_is_survived() {
    let group = Group::new();
    let server = Server::start(group.node("hq")).await;
    let whole = client_hello();
    for length in (0..whole.len()).step_by(7) {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(&whole[..length]).await.unwrap();
        stream.shutdown().await.unwrap();
        soon("the end", stream.read_to_end(&mut Vec::new())).await.ok();
    }
    server.health(&group.node("branch")).await.unwrap();
}

#[tokio::test]
async fn truncated_frames_are_survived() {
    let group = Group::new();
    let server = Server::start(group.node("hq")).await;
    let own = group.node("branch");
    let mut whole = http2::preface();
    whole.extend(http2::call("HealthCheck"));
    whole.extend(http2::last_data(&http2::message(2, &[8, 1])));
    for length in 0..whole.len() {
        let mut stream = raw::connect(&server, &group, &TLS13, Some("branch")).await.unwrap();
        stream.write_all(&whole[..length]).await.unwrap();
        stream.shutdown().await.unwrap();
        soon("the end", stream.read_to_end(&mut Vec::new())).await.ok();
    }
    assert_eq!(server.callers(), []);
    // The same bytes, all of them, are a call.
    let mut stream = raw::connect(&server, &group, &TLS13, Some("branch")).await.unwrap();
    stream.write_all(&whole).await.unwrap();
    http2::end(&mut stream).await;
    assert_eq!(server.callers().len(), 1);
    server.health(&own).await.unwrap();
}

#[tokio::test]
async fn a_message_that_is_not_as_long_as_it_says_is_refused() {
    let group = Group::new();
    let server = Server::start(group.node("hq")).await;
    let own = group.node("branch");
    // Too little, nothing, and 4 GiB, for which no memory may be set aside.
    for (said, sent) in [(100, 10), (5, 0), (u32::MAX, 10), ((4 << 20) + 1, 10)] {
        let mut stream = raw::connect(&server, &group, &TLS13, Some("branch")).await.unwrap();
        let mut bytes = http2::preface();
        bytes.extend(http2::call("HealthCheck"));
        bytes.extend(http2::last_data(&http2::message(said, &vec![0; sent])));
        stream.write_all(&bytes).await.unwrap();
        http2::end(&mut stream).await;
    }
    assert_eq!(server.callers(), []);
    server.health(&own).await.unwrap();
}

#[tokio::test]
async fn an_oversized_message_is_refused_where_it_arrives() {
    let group = Group::new();
    // The client would send it; the server takes less.
    let limits = Limits { message_bytes: 1 << 10, ..Limits::default() };
    let server = Server::with_limits(group.node("hq"), limits).await;
    let client = server.client(&group.node("branch")).await.unwrap();
    let request = PrepareJoinRequest { join_id: "x".repeat(2 << 10), ..Default::default() };
    let error = client.prepare_join(request).await.unwrap_err();
    let PeerError::Failed { failure, .. } = &error else { panic!("{error:?}") };
    assert!(failure.message.contains("too large"), "{failure:?}");
    assert_eq!(server.callers(), []);
    health(&client).await.unwrap();
}

#[tokio::test]
async fn an_oversized_message_is_not_sent() {
    let group = Group::new();
    let server = Server::start(group.node("hq")).await;
    let client = server.client(&group.node("branch")).await.unwrap();
    let joiner = NodeDescription { database: "x".repeat(5 << 20), ..NodeDescription::default() };
    let request = PrepareJoinRequest { joiner: Some(joiner), ..Default::default() };
    assert!(client.prepare_join(request).await.is_err());
    assert_eq!(server.callers(), []);
    health(&client).await.unwrap();
}

#[tokio::test]
async fn an_oversized_answer_is_not_taken() {
    let group = Group::new();
    let limits = Limits { message_bytes: 16 << 20, ..Limits::default() };
    let server = Server::with_limits(group.node("hq"), limits).await;
    let client = server.client(&group.node("branch")).await.unwrap();
    server.pretend_to_be(&"x".repeat(5 << 20));
    let request = DescribeRequest { protocol: PROTOCOL, node_id: String::new() };
    assert!(client.describe(request.clone()).await.is_err());
    server.pretend_to_be("hq");
    client.describe(request).await.unwrap();
}

#[tokio::test]
async fn hundreds_of_half_open_handshakes_keep_nobody_out_and_are_bounded() {
    const HALF_OPEN: usize = 600;
    let group = Group::new();
    let limits = Limits {
        handshakes: 50,
        handshake_timeout: Duration::from_secs(3600),
        ..Limits::default()
    };
    let server = Server::with_limits(group.node("hq"), limits).await;
    let hello = client_hello();
    let mut half_open = Vec::new();
    for index in 0..HALF_OPEN {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        // From nothing at all to all but the last byte.
        let length = index % hello.len();
        // The server may have given it up already.
        let _ = stream.write_all(&hello[..length]).await;
        half_open.push(stream);
    }
    server.health(&group.node("branch")).await.unwrap();

    // All but as many as are allowed were ended, so that they cost the server nothing.
    let ended = async {
        for stream in half_open.iter_mut().take(HALF_OPEN - limits.handshakes) {
            stream.read_to_end(&mut Vec::new()).await.ok();
        }
    };
    soon("the end of the old ones", ended).await;
    server.health(&group.node("depot")).await.unwrap();
}

#[tokio::test]
async fn a_handshake_has_a_deadline() {
    let group = Group::new();
    let limits = Limits { handshake_timeout: Duration::from_millis(200), ..Limits::default() };
    let server = Server::with_limits(group.node("hq"), limits).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(&client_hello()[..5]).await.unwrap();
    soon("the end", stream.read_to_end(&mut Vec::new())).await.ok();
    server.health(&group.node("branch")).await.unwrap();
}

#[tokio::test]
async fn a_peer_that_says_nothing_after_its_handshake_is_ended() {
    let group = Group::new();
    let limits = Limits { handshake_timeout: Duration::from_millis(500), ..Limits::default() };
    let server = Server::with_limits(group.node("hq"), limits).await;
    let own = group.node("branch");
    let client = server.client(&own).await.unwrap();
    let mut silent = raw::connect(&server, &group, &TLS13, Some("branch")).await.unwrap();
    soon("the end", silent.read_to_end(&mut Vec::new())).await.ok();
    // Whoever has spoken may be silent for longer.
    health(&client).await.unwrap();
}

#[tokio::test]
async fn a_call_whose_message_never_comes_is_ended() {
    let group = Group::new();
    let limits = Limits { longest_call: Duration::from_millis(200), ..Limits::default() };
    let server = Server::with_limits(group.node("hq"), limits).await;
    let own = group.node("branch");
    let mut stream = raw::connect(&server, &group, &TLS13, Some("branch")).await.unwrap();
    let mut bytes = http2::preface();
    bytes.extend(http2::call("HealthCheck"));
    stream.write_all(&bytes).await.unwrap();
    http2::end(&mut stream).await;
    assert_eq!(server.callers(), []);
    server.health(&own).await.unwrap();
}

/// Bytes without meaning, the same for the same seed (splitmix64).
fn garbage(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed;
    let mut bytes = Vec::new();
    while bytes.len() < length {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bytes.extend((word ^ (word >> 31)).to_le_bytes());
    }
    // Half of them begin like a TLS record.
    if seed % 4 < 2 {
        bytes[..3].copy_from_slice(&[0x16, 0x03, 0x01]);
    }
    bytes
}

/// What a real client says first.
fn client_hello() -> Vec<u8> {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let name = "hq".try_into().unwrap();
    let mut client = rustls::ClientConnection::new(std::sync::Arc::new(config), name).unwrap();
    let mut bytes = Vec::new();
    client.write_tls(&mut bytes).unwrap();
    bytes
}
