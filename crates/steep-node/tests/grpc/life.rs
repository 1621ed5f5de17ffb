//! Connections that end: on purpose, by accident, by silence.

use std::future::Future;
use std::time::Duration;

use steep_node::grpc::{JoinEvents, Limits, PeerClient, PeerError, ServeError, serve};
use steep_proto::{JoinRequest, PROTOCOL, PrepareJoinRequest};
use steep_testkit::{Direction, Proxy};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::answers::Answers;
use crate::group::{Group, ending_in, plaintext};
use crate::server::{Server, health};
use crate::soon;

#[tokio::test]
async fn a_server_that_dies_in_the_middle_of_a_stream_is_noticed() {
    let group = Group::new();
    let server = Server::start(group.node("hq")).await;
    let client = server.client(&group.node("branch")).await.unwrap();
    let mut events = join(&client).await;
    server.task.abort();
    let error = soon("the end", events.next()).await.unwrap_err();
    assert!(matches!(error, PeerError::Lost { .. }), "{error:?}");
    let error = health(&client).await.unwrap_err();
    assert!(matches!(error, PeerError::Lost { .. }), "{error:?}");
}

#[tokio::test]
async fn a_server_that_falls_silent_is_noticed() {
    let group = Group::new();
    let server = Server::start(group.node("hq")).await;
    let proxy = Proxy::start(server.address).unwrap();
    let own = group.node("branch");
    let client = PeerClient::connect(&proxy.address().to_string(), &own, None).await.unwrap();
    let mut events = join(&client).await;
    proxy.pause(Direction::Both);
    let error = soon("the end", events.next()).await.unwrap_err();
    assert!(matches!(error, PeerError::Lost { .. }), "{error:?}");
}

#[tokio::test]
async fn a_client_that_falls_silent_is_noticed() {
    let group = Group::new();
    let limits = Limits {
        keepalive_interval: Duration::from_millis(100),
        keepalive_timeout: Duration::from_millis(500),
        ..Limits::default()
    };
    let server = Server::with_limits(group.node("hq"), limits).await;
    let proxy = Proxy::start(server.address).unwrap();
    let own = group.node("branch");
    let client = PeerClient::connect(&proxy.address().to_string(), &own, None).await.unwrap();
    let _events = join(&client).await;
    proxy.pause(Direction::Both);
    soon("the end of the stream", server.dropped.cancelled()).await;
}

#[tokio::test]
async fn a_stream_that_nobody_reads_any_more_is_dropped() {
    let group = Group::new();
    let server = Server::start(group.node("hq")).await;
    let client = server.client(&group.node("branch")).await.unwrap();
    drop(join(&client).await);
    soon("the end of the stream", server.dropped.cancelled()).await;
}

#[tokio::test]
async fn streams_are_counted() {
    let group = Group::new();
    let server =
        Server::with_limits(group.node("hq"), Limits { streams: 2, ..Limits::default() }).await;
    let client = server.client(&group.node("branch")).await.unwrap();
    let _first = join(&client).await;
    let second = join(&client).await;
    let error = client.join(join_request()).await.unwrap_err();
    assert!(matches!(error, PeerError::Failed { .. }), "{error:?}");
    drop(second);
    let again = async {
        while client.join(join_request()).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    soon("another stream", again).await;
}

#[tokio::test]
async fn connections_are_counted() {
    let group = Group::new();
    let limits = Limits { connections: 2, ..Limits::default() };
    let server = Server::with_limits(group.node("hq"), limits).await;
    let own = group.node("branch");
    let first = server.client(&own).await.unwrap();
    let second = server.client(&own).await.unwrap();
    let error = server.client(&own).await.unwrap_err();
    assert!(matches!(error, PeerError::NotADaemon { .. }), "{error:?}");
    drop(second);
    let again = async {
        while server.client(&own).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    soon("another connection", again).await;
    health(&first).await.unwrap();
}

#[tokio::test]
async fn a_shutdown_lets_calls_finish_and_takes_no_new_connections() {
    let group = Group::new();
    let mut server = Server::start(group.node("hq")).await;
    let own = group.node("branch");
    let client = server.client(&own).await.unwrap();
    let call =
        tokio::spawn(async move { client.prepare_join(PrepareJoinRequest::default()).await });
    soon("the call", server.waiting.notified()).await;
    server.shutdown.cancel();
    let refused = async {
        while server.client(&own).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    soon("the closed port", refused).await;
    server.go_on.add_permits(1);
    assert_eq!(call.await.unwrap().unwrap().slot_name, "s");
    soon("the end", &mut server.task).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_ever() {
    let group = Group::new();
    let limits = Limits { shutdown_timeout: Duration::from_millis(200), ..Limits::default() };
    let mut server = Server::with_limits(group.node("hq"), limits).await;
    let client = server.client(&group.node("branch")).await.unwrap();
    let mut events = join(&client).await;
    server.shutdown.cancel();
    soon("the end", &mut server.task).await.unwrap().unwrap();
    assert!(soon("the end of the stream", events.next()).await.is_err());
    soon("the end of the node's stream", server.dropped.cancelled()).await;
}

#[tokio::test]
async fn a_connection_ends_with_the_certificate_of_the_peer() {
    let group = Group::new();
    let server = Server::start(group.node("hq")).await;
    // Certificates count in seconds.
    let own = group.node_with("branch", ending_in(Duration::from_secs(3)));
    let client = server.client(&own).await.unwrap();
    let mut events = join(&client).await;
    let error = soon("the end", events.next()).await.unwrap_err();
    assert!(matches!(error, PeerError::Lost { .. }), "{error:?}");
    let error = server.client(&own).await.unwrap_err();
    assert!(matches!(error, PeerError::Refused { .. }), "{error:?}");
}

#[tokio::test]
async fn a_caller_can_tell_when_the_certificate_of_the_peer_is_over() {
    let group = Group::new();
    let server = Server::start(group.node_with("hq", ending_in(Duration::from_secs(3)))).await;
    let client = server.client(&group.node("branch")).await.unwrap();
    assert!(client.is_certificate_valid());
    let over = async {
        while client.is_certificate_valid() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    soon("the end", over).await;
    // The connection that there is goes on; another one is not made.
    health(&client).await.unwrap();
    let error = server.client(&group.node("depot")).await.unwrap_err();
    assert!(matches!(error, PeerError::Certificate { .. }), "{error:?}");
}

#[tokio::test]
async fn plaintext_is_for_loopback_only() {
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let answers = std::sync::Arc::new(Answers::of("hq"));
    let serving = serve(listener, plaintext("hq"), answers, CancellationToken::new());
    let error = soon("the refusal", serving).await.unwrap_err();
    assert!(matches!(error, ServeError::PlaintextBeyondLoopback { .. }), "{error:?}");
    assert!(error.hint().is_some());
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let (address, own) = (port.to_string(), plaintext("branch"));
    let client = PeerClient::connect(&address, &own, None);
    let error = soon("the refusal", client).await.unwrap_err();
    assert!(matches!(error, PeerError::Unreachable { .. }), "{error:?}");
}

#[tokio::test]
async fn a_host_that_accepts_and_says_nothing_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let patience = Duration::from_millis(200);
    let own = Group::new().node("branch");
    let client = PeerClient::connect_within(patience, &address, &own, None);
    let error = soon("the end", client).await.unwrap_err();
    assert!(matches!(error, PeerError::Unreachable { .. }), "{error:?}");
}

/// A join of which the first word has come.
async fn join(client: &PeerClient) -> JoinEvents {
    let mut events = soon("the join", client.join(join_request())).await.unwrap();
    assert!(word(events.next()).await.is_some());
    events
}

async fn word<T>(next: impl Future<Output = Result<Option<T>, PeerError>>) -> Option<T> {
    soon("a word", next).await.unwrap()
}

fn join_request() -> JoinRequest {
    JoinRequest { protocol: PROTOCOL, ..JoinRequest::default() }
}
