//! What is checked in a call, and how its outcome comes back.

use std::time::Duration;

use steep_ipc::{Failure, FailureClass};
use steep_node::grpc::{Limits, PeerClient, PeerError, Rpc};
use steep_proto::steep_replication_client::SteepReplicationClient;
use steep_proto::{
    CompleteJoinRequest, ConflictNotification, DdlNotification, DescribeRequest, ForgetNodeRequest,
    HealthRequest, NodeDescription, PROTOCOL, PrepareJoinRequest, ProposeRequest, RangeRequest,
    TellRangesRequest,
};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request};

use crate::group::{Group, plaintext};
use crate::server::{Server, health};
use crate::soon;

#[tokio::test]
async fn another_protocol_is_refused_before_anything_else() {
    let group = Group::new();
    let server = Server::start(group.node("hq")).await;
    let client = server.client(&group.node("branch")).await.unwrap();
    // The claim is wrong as well: the protocol comes first.
    let old = HealthRequest { protocol: 0, node_id: "depot".to_owned(), sent_at_us: 0 };
    let error = client.health_check(old).await.unwrap_err();
    let PeerError::Failed { failure, .. } = &error else { panic!("{error:?}") };
    assert_eq!(failure.class, FailureClass::Operator);
    for number in ["protocol 1", "protocol 0"] {
        assert!(failure.message.contains(number), "{failure:?}");
    }
    let next = DescribeRequest { protocol: 2, node_id: String::new() };
    assert!(client.describe(next).await.is_err());
    assert_eq!(server.callers(), []);
}

#[tokio::test]
async fn a_server_of_another_protocol_is_told_apart() {
    let group = Group::new();
    let server = Server::start(group.node("hq")).await;
    server.speak_protocol(2);
    let error = server.health(&group.node("branch")).await.unwrap_err();
    assert!(matches!(error, PeerError::Protocol { theirs: 2, .. }), "{error:?}");
}

#[tokio::test]
async fn whoever_claims_to_be_another_node_is_refused() {
    let group = Group::new();
    let server = Server::start(group.node("hq")).await;
    let client = server.client(&group.node("branch")).await.unwrap();
    let claim = HealthRequest { protocol: PROTOCOL, node_id: "depot".to_owned(), sent_at_us: 0 };
    let mut errors = vec![client.health_check(claim).await.unwrap_err()];
    let joiner = NodeDescription {
        protocol: PROTOCOL,
        node_id: "depot".to_owned(),
        ..NodeDescription::default()
    };
    let claim = PrepareJoinRequest { joiner: Some(joiner), ..PrepareJoinRequest::default() };
    errors.push(client.prepare_join(claim).await.unwrap_err());
    let claim =
        CompleteJoinRequest { node_id: "depot".to_owned(), ..CompleteJoinRequest::default() };
    errors.push(client.complete_join(claim).await.unwrap_err());
    // A range is the caller's, and so is what is told of its past.
    let claim = RangeRequest { node_id: "depot".to_owned(), ..RangeRequest::default() };
    errors.push(client.allocate_range(claim).await.unwrap_err());
    let claim = TellRangesRequest { node_id: "depot".to_owned(), ..TellRangesRequest::default() };
    errors.push(client.tell_ranges(claim).await.unwrap_err());
    for error in errors {
        let PeerError::Failed { failure, .. } = &error else { panic!("{error:?}") };
        assert_eq!(failure.class, FailureClass::Operator);
        assert!(failure.message.contains("depot") && failure.message.contains("branch"));
    }
    assert_eq!(server.callers(), []);
}

#[tokio::test]
async fn a_claim_that_is_true_comes_through() {
    let group = Group::new();
    let server = Server::start(group.node("hq")).await;
    let client = server.client(&group.node("branch")).await.unwrap();
    let claim =
        CompleteJoinRequest { node_id: "branch".to_owned(), ..CompleteJoinRequest::default() };
    client.complete_join(claim).await.unwrap();
    let claim = RangeRequest { node_id: "branch".to_owned(), ..RangeRequest::default() };
    assert_eq!(client.allocate_range(claim).await.unwrap().range_end, 9);
    client.tell_ranges(TellRangesRequest::default()).await.unwrap();
    assert_eq!(server.callers().len(), 3);
}

#[tokio::test]
async fn a_failure_arrives_whole() {
    let group = Group::new();
    let server = Server::start(group.node("hq")).await;
    let client = server.client(&group.node("branch")).await.unwrap();
    for class in [
        FailureClass::Transient,
        FailureClass::Peer,
        FailureClass::Operator,
        FailureClass::Misuse,
        FailureClass::Bug,
    ] {
        let sent = Failure {
            class,
            message: "slot \"steep_repl_k\u{f6}ln\" is\nactive".to_owned(),
            hint: Some("wait \u{2014} or end it".to_owned()),
            summary: None,
        };
        server.fail_with(sent.clone());
        let error = client.forget_node(ForgetNodeRequest::default()).await.unwrap_err();
        assert_eq!((error.class(), error.hint()), (class, sent.hint.clone()));
        let PeerError::Failed { failure, .. } = error else { panic!("{error:?}") };
        assert_eq!(failure, sent);
    }
}

#[tokio::test]
async fn a_huge_failure_arrives_shortened() {
    let group = Group::new();
    let server = Server::start(group.node("hq")).await;
    let client = server.client(&group.node("branch")).await.unwrap();
    let class = FailureClass::Operator;
    server.fail_with(Failure {
        class,
        message: "\u{20ac}\\".repeat(1 << 20),
        hint: None,
        summary: None,
    });
    let error = client.forget_node(ForgetNodeRequest::default()).await.unwrap_err();
    let PeerError::Failed { failure, .. } = &error else { panic!("{error:?}") };
    assert_eq!(failure.class, class);
    assert!(failure.message.starts_with("\u{20ac}\\\u{20ac}\\") && failure.message.len() < 4096);
    health(&client).await.unwrap();
}

#[tokio::test]
async fn a_call_that_takes_too_long_ends_on_both_sides() {
    let group = Group::new();
    let server = Server::start(group.node("hq")).await;
    let client = server.client(&group.node("branch")).await.unwrap();
    let hasty = client.with_deadline(Duration::from_millis(200));
    let error =
        soon("the end", hasty.prepare_join(PrepareJoinRequest::default())).await.unwrap_err();
    assert!(matches!(error, PeerError::Deadline { rpc: Rpc::PrepareJoin, .. }), "{error:?}");
    soon("the node's end", server.dropped.cancelled()).await;
    health(&client).await.unwrap();
}

#[tokio::test]
async fn a_server_ends_calls_by_itself() {
    let group = Group::new();
    let limits = Limits { longest_call: Duration::from_millis(200), ..Limits::default() };
    let server = Server::with_limits(group.node("hq"), limits).await;
    let client = server.client(&group.node("branch")).await.unwrap();
    let call = client.prepare_join(PrepareJoinRequest::default());
    let error = soon("the end", call).await.unwrap_err();
    assert!(matches!(error, PeerError::Deadline { .. }), "{error:?}");
    soon("the node's end", server.dropped.cancelled()).await;
}

#[tokio::test]
async fn calls_beyond_the_limit_wait_for_their_turn() {
    let group = Group::new();
    for (per_connection, in_all, others_wait) in [(1, 9, false), (9, 1, true)] {
        let limits =
            Limits { calls_per_connection: per_connection, calls: in_all, ..Limits::default() };
        let server = Server::with_limits(group.node_again("hq"), limits).await;
        let own = group.node_again("branch");
        let (client, other) =
            (server.client(&own).await.unwrap(), server.client(&own).await.unwrap());
        let busy = client.clone();
        let first =
            tokio::spawn(async move { busy.prepare_join(PrepareJoinRequest::default()).await });
        soon("the first call", server.waiting.notified()).await;
        let hasty = |client: &PeerClient| client.with_deadline(Duration::from_millis(300));
        assert!(health(&hasty(&client)).await.is_err());
        if others_wait {
            assert!(health(&hasty(&other)).await.is_err());
        } else {
            health(&other).await.unwrap();
        }
        server.go_on.add_permits(1);
        soon("the first answer", first).await.unwrap().unwrap();
        health(&client).await.unwrap();
        health(&other).await.unwrap();
    }
}

#[tokio::test]
async fn what_does_not_exist_yet_says_so() {
    let server = Server::start(plaintext("hq")).await;
    let mut client = generated(&server).await;
    let statuses = [
        client.propose_coordinator(as_branch(ProposeRequest::default())).await.map(drop),
        client.propagate_conflict(as_branch(ConflictNotification::default())).await.map(drop),
        client.propagate_ddl(as_branch(DdlNotification::default())).await.map(drop),
    ];
    for (status, feature) in statuses.into_iter().zip(["coordinator", "conflicts", "DDL"]) {
        let status = status.unwrap_err();
        assert_eq!(status.code(), Code::Unimplemented);
        assert!(status.message().contains(feature), "{status:?}");
    }
}

#[tokio::test]
async fn without_tls_the_claim_stands_for_the_certificate() {
    let server = Server::start(plaintext("hq")).await;
    server.health(&plaintext("branch")).await.unwrap();
    let callers = server.callers();
    assert_eq!((callers[0].node.as_str(), callers[0].verified), ("branch", false));

    let mut client = generated(&server).await;
    let nobody = client.forget_node(Request::new(ForgetNodeRequest::default())).await;
    assert_eq!(nobody.unwrap_err().code(), Code::Unauthenticated);
    let two_names = HealthRequest {
        protocol: PROTOCOL,
        node_id: "depot".to_owned(),
        ..HealthRequest::default()
    };
    let two_names = client.health_check(as_branch(two_names)).await;
    assert_eq!(two_names.unwrap_err().code(), Code::PermissionDenied);
    assert_eq!(server.callers().len(), 1);
}

#[tokio::test]
async fn the_protocol_in_the_metadata_counts_as_well() {
    let server = Server::start(plaintext("hq")).await;
    let mut client = generated(&server).await;
    for (protocol, code) in
        [("2", Code::FailedPrecondition), ("one", Code::InvalidArgument), ("1", Code::Internal)]
    {
        let mut request = as_branch(ForgetNodeRequest::default());
        request.metadata_mut().insert("steep-protocol", protocol.parse().unwrap());
        let status = client.forget_node(request).await.unwrap_err();
        assert_eq!(status.code(), code, "{status:?}");
    }
}

/// A client that checks and adds nothing.
async fn generated(server: &Server) -> SteepReplicationClient<Channel> {
    let endpoint = Endpoint::from_shared(format!("http://{}", server.address)).unwrap();
    SteepReplicationClient::new(endpoint.connect().await.unwrap())
}

fn as_branch<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("steep-node", "branch".parse().unwrap());
    request
}
