//! Files that change under a running node.

use std::fs;
use std::time::{Duration, SystemTime};

use steep_node::grpc::{PeerError, Security};
use steep_node::tls::{Lifetime, Tls};

use crate::group::{Group, expired};
use crate::server::{Server, health};

#[tokio::test]
async fn a_renewed_certificate_of_a_server_is_taken_without_a_restart() {
    let group = Group::new();
    let tls = Tls::load(group.issue("hq", expired())).unwrap();
    let server = Server::start(Security::Tls(tls.clone())).await;
    let own = group.node("branch");
    let error = server.client(&own).await.unwrap_err();
    assert!(matches!(error, PeerError::Certificate { .. }), "{error:?}");
    assert!(tls.expiry().certificate_seconds_left(SystemTime::now()) < -80_000);

    group.renew("hq", "hq", Lifetime::days(30), true);
    server.health(&own).await.unwrap();
    let left = tls.expiry().certificate_seconds_left(SystemTime::now());
    assert!((29 * 86_400..30 * 86_400).contains(&left), "{left}");
    assert!(tls.expiry().authority_seconds_left(SystemTime::now()) > 9 * 365 * 86_400);
}

#[tokio::test]
async fn a_renewed_certificate_of_a_client_is_taken_without_a_restart() {
    let group = Group::new();
    let server = Server::start(group.node("hq")).await;
    let own = group.node_with("branch", expired());
    let error = server.client(&own).await.unwrap_err();
    assert!(matches!(error, PeerError::Refused { .. }), "{error:?}");
    group.renew("branch", "branch", Lifetime::days(30), true);
    server.health(&own).await.unwrap();
}

#[tokio::test]
async fn connections_survive_a_renewal() {
    let group = Group::new();
    let server = Server::start(group.node("hq")).await;
    let own = group.node("branch");
    let client = server.client(&own).await.unwrap();
    group.renew("hq", "hq", Lifetime::days(30), true);
    server.health(&own).await.unwrap();
    health(&client).await.unwrap();
}

#[tokio::test]
async fn half_a_renewal_changes_nothing_until_the_other_half_comes() {
    let group = Group::new();
    let tls = group.tls("hq");
    let server = Server::start(Security::Tls(tls.clone())).await;
    let own = group.node("branch");
    let before = tls.expiry();
    let key = fs::read(group.files("hq").key).unwrap();
    group.renew("hq", "hq", Lifetime::days(30), true);
    let new_key = fs::read(group.files("hq").key).unwrap();
    fs::write(group.files("hq").key, key).unwrap();
    server.health(&own).await.unwrap();
    assert_eq!(tls.expiry(), before);
    assert!(tls.trouble().is_some_and(|why| why.contains("cannot be used")));

    fs::write(group.files("hq").key, new_key).unwrap();
    server.health(&own).await.unwrap();
    assert_ne!(tls.expiry(), before);
    assert_eq!(tls.trouble(), None);
}

#[tokio::test]
async fn a_node_does_not_become_another_by_a_renewal() {
    let group = Group::new();
    let tls = group.tls("hq");
    let server = Server::start(Security::Tls(tls.clone())).await;
    group.renew("hq", "depot", Lifetime::days(30), true);
    let client = server.client(&group.node("branch")).await.unwrap();
    assert_eq!(client.node(), Some("hq"));
    assert!(tls.trouble().is_some_and(|why| why.contains("depot")));
}

#[tokio::test]
async fn files_that_vanish_change_nothing() {
    let group = Group::new();
    let tls = group.tls("hq");
    let server = Server::start(Security::Tls(tls.clone())).await;
    fs::remove_file(group.files("hq").certificate).unwrap();
    server.health(&group.node("branch")).await.unwrap();
    assert!(tls.trouble().is_some());
}

#[tokio::test]
async fn two_authorities_are_trusted_while_one_replaces_the_other() {
    let (old, new) = (Group::new(), Group::new());
    let both = old.folder().join("both.crt");
    let read = |group: &Group| fs::read_to_string(group.folder().join("ca.crt")).unwrap();
    fs::write(&both, read(&old) + &read(&new)).unwrap();
    let mut files = old.issue("hq", Lifetime::default());
    files.authority = both;
    let server = Server::start(Security::Tls(Tls::load(files).unwrap())).await;
    server.health(&old.node("branch")).await.unwrap();
    server.health(&new.node_trusting("depot", &old)).await.unwrap();
    assert_eq!(server.callers().len(), 2);
}

#[test]
fn expiry_is_told_in_seconds() {
    let group = Group::new();
    let tls = group.tls("hq");
    let expiry = tls.expiry();
    let (before, after) = (Duration::from_secs(10), Duration::from_secs(20));
    assert_eq!(expiry.certificate_seconds_left(expiry.certificate - before), 10);
    assert_eq!(expiry.certificate_seconds_left(expiry.certificate + after), -20);
}
