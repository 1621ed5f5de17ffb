//! Clients that keep to no protocol: each is refused or hung up on, and others are served.
#![allow(clippy::unwrap_used, reason = "a test may stop where its own set-up is wrong")]

mod support;

use std::time::Duration;

use steep_ipc::{Decoder, FailureClass, MAX_GREETING, MAX_REQUEST, Request};
use steep_ipc_tokio::{Client, ConnectError, Endpoint, Limits, Listener};
use support::{Served, frame, soon};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// Soon over, so that a test sees the end of them.
fn impatient() -> Limits {
    let short = Duration::from_millis(50);
    Limits { greeting: short, request: short, idle: short, reply: short, ..support::patient() }
}

/// Enough for a whole exchange on a slow machine, short enough to see the end of it.
const A_MOMENT: Duration = Duration::from_millis(500);

#[tokio::test]
async fn bytes_that_are_no_frame_are_refused() {
    let served = Served::new();
    let mut stranger = served.stranger().await;
    stranger.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    let refusal = stranger.refusal().await;
    assert!(refusal.message.contains("frames start with SREP"), "{refusal}");
    stranger.assert_hung_up().await;
    served.assert_alive().await;
}

#[tokio::test]
async fn a_client_of_another_protocol_version_is_told_so() {
    let served = Served::new();
    for (greeting, older) in [
        (&br#"{"protocol":2,"client":"later","wants":["more"]}"#[..], "the daemon is older"),
        (br#"{"protocol":0}"#, "the client is older"),
    ] {
        let mut stranger = served.stranger().await;
        stranger.send(&frame(greeting)).await;
        let body = stranger.receive().await.expect("a refusal");
        // The form that every version can read.
        assert!(body.starts_with(r#"{"reply":"failed","body":{"class":"operator","#), "{body}");
        assert!(body.contains("of the protocol") && body.contains(older), "{body}");
        stranger.assert_hung_up().await;
    }
    served.assert_alive().await;
}

#[tokio::test]
async fn frames_of_another_version_are_refused() {
    let served = Served::new();
    let mut stranger = served.stranger().await;
    stranger.send(b"SREP\0\x09\0\0\0\0\0\x01x").await;
    let refusal = stranger.refusal().await;
    assert_eq!(refusal.class, FailureClass::Operator);
    assert!(refusal.message.contains("version 9"), "{refusal}");
    stranger.assert_hung_up().await;
}

#[tokio::test]
async fn a_greeting_that_is_none_is_refused() {
    let served = Served::new();
    for greeting in [&b"{\"protocol\":"[..], b"[]", b"\xff\xfe", b"", b"\"x\"", b"{}"] {
        let mut stranger = served.stranger().await;
        stranger.send(&frame(greeting)).await;
        assert_eq!(stranger.refusal().await.class, FailureClass::Misuse);
        stranger.assert_hung_up().await;
    }
    served.assert_alive().await;
}

#[tokio::test]
async fn a_request_that_is_none_is_refused_and_the_next_one_is_answered() {
    let served = Served::new();
    let mut guest = served.guest().await;
    for (request, cited) in [
        (&br#"{"request":"self_destruct"}"#[..], "self_destruct"),
        (br#"{"request":"status","dry_run":true}"#, "dry_run"),
        (br#"{"request":"sub_enable","peer":7}"#, "7"),
        (br#"{"request":"status""#, "EOF"),
        (b"\x00\xff", "no JSON"),
    ] {
        guest.send(&frame(request)).await;
        let refusal = guest.refusal().await;
        assert_eq!(refusal.class, FailureClass::Misuse);
        assert!(refusal.message.contains(cited), "{refusal}");
    }
    guest.send(&frame(br#"{"request":"sub_enable","peer":"hq"}"#)).await;
    let answer = guest.receive().await.unwrap();
    assert!(answer.contains(r#""message":"hq""#), "{answer}");
}

#[tokio::test]
async fn what_a_client_sent_is_not_cited_at_length() {
    let served = Served::new();
    let mut guest = served.guest().await;
    let long = format!(r#"{{"request":"{}"}}"#, "x".repeat(100_000));
    guest.send(&frame(long.as_bytes())).await;
    assert!(guest.refusal().await.message.chars().count() < 400);
}

#[tokio::test]
async fn json_that_is_too_deep_is_refused() {
    let served = Served::new();
    let mut guest = served.guest().await;
    let deep = format!(r#"{{"request":"status","x":{}"#, "[".repeat(MAX_REQUEST / 2));
    guest.send(&frame(deep.as_bytes())).await;
    assert!(guest.refusal().await.message.contains("recursion"));
    served.assert_alive().await;
}

#[tokio::test]
async fn a_frame_above_the_limit_is_refused_by_its_header() {
    let served = Served::new();
    let mut stranger = served.stranger().await;
    let length = u32::try_from(MAX_GREETING + 1).unwrap().to_be_bytes();
    stranger.send(&[b"SREP\0\x01\0\0", &length[..]].concat()).await;
    assert!(stranger.refusal().await.message.contains("longer than the limit"));
    stranger.assert_hung_up().await;
    let mut guest = served.guest().await;
    guest.send(b"SREP\0\x01\0\0\xff\xff\xff\xff").await;
    assert!(guest.refusal().await.message.contains("4294967295"));
    guest.assert_hung_up().await;
    served.assert_alive().await;
}

#[tokio::test]
async fn a_client_that_ends_in_the_middle_of_a_frame_leaves_no_trace() {
    let served = Served::with(Limits { connections: 1, ..support::patient() });
    for _ in 0..20 {
        let mut guest = soon(async {
            loop {
                // The one before may not be known to be gone yet.
                let mut guest = served.stranger().await;
                guest.try_send(&frame(br#"{"protocol":1}"#)).await;
                match guest.receive().await {
                    Some(body) if body.contains("daemon") => break guest,
                    _ => tokio::task::yield_now().await,
                }
            }
        })
        .await;
        guest.send(b"SREP\0\x01\0\0\0\0\x10\0{\"request\":\"sta").await;
    }
    soon(async {
        while Client::connect(&served.endpoint, "test").await.is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn clients_that_say_nothing_are_hung_up_on() {
    let served = Served::with(impatient());
    let mut silent = served.stranger().await;
    silent.assert_hung_up().await;
    let mut guest = served.stranger().await;
    guest.try_send(&frame(br#"{"protocol":1}"#)).await;
    // A welcome unless the machine is slow; in either case an end.
    while guest.receive().await.is_some() {}
}

#[tokio::test]
async fn a_client_that_speaks_byte_by_byte_is_hung_up_on() {
    let limits = Limits { request: A_MOMENT, ..support::patient() };
    let served = Served::with(limits);
    let guest = served.guest().await;
    let request = frame(&[b' '; 100_000]);
    let (mut reader, mut writer) = tokio::io::split(guest.stream);
    // A pace, not a wait: quick enough for a daemon that counted anew with each byte, far too slow
    // for the whole.
    let speaking = tokio::spawn(async move {
        for byte in request {
            if writer.write_all(&[byte]).await.is_err() {
                break;
            }
            tokio::time::sleep(A_MOMENT / 100).await;
        }
    });
    let end = soon(reader.read(&mut [0; 1])).await;
    assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");
    speaking.abort();
    served.assert_alive().await;
}

#[tokio::test]
async fn a_client_that_does_not_read_is_hung_up_on() {
    let served = Served::with(Limits { reply: A_MOMENT, ..support::patient() });
    let mut guest = served.guest().await;
    guest.send(&frame(br#"{"request":"subscribe"}"#)).await;
    served.calls_have_ended(1).await;
    served.assert_alive().await;
}

#[tokio::test]
async fn a_client_that_does_not_wait_for_its_answer_is_hung_up_on() {
    let served = Served::new();
    let mut guest = served.guest().await;
    let request = frame(br#"{"request":"job"}"#);
    guest.send(&[request.clone(), request].concat()).await;
    served.calls_have_ended(1).await;
    guest.assert_hung_up().await;
    served.assert_alive().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silent_clients_do_not_keep_others_out_for_long() {
    let served = Served::with(Limits { connections: 8, greeting: A_MOMENT, ..support::patient() });
    let mut silent = Vec::new();
    for _ in 0..50 {
        silent.push(served.stranger().await);
    }
    soon(async {
        while Client::connect(&served.endpoint, "patient").await.is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_client_is_not_fooled_by_a_server_that_is_no_daemon() {
    for (answer, is_expected) in [
        (&b"220 smtp.example.org ESMTP\r\n"[..], "frames start with"),
        (&frame(b"{}"), "not understood"),
        (&frame(br#"{"protocol":1,"#), "no JSON"),
        (b"SREP\0\x01\0\0\xff\xff\xff\xff", "longer than the limit"),
        (b"SREP", "middle of a message"),
        (b"", "before the answer"),
    ] {
        let (_folder, endpoint) = support::new_endpoint();
        let server = impostor(endpoint.clone(), answer.to_vec());
        let error = soon(Client::connect(&endpoint, "test")).await.unwrap_err();
        let ConnectError::Answer { source, .. } = error else { panic!("{error}") };
        assert!(source.to_string().contains(is_expected), "{source}");
        server.abort();
    }
}

/// Answers whatever it is told with these bytes, and hangs up.
fn impostor(endpoint: Endpoint, answer: Vec<u8>) -> tokio::task::JoinHandle<()> {
    use interprocess::local_socket::traits::tokio::Listener as _;
    use interprocess::local_socket::{GenericFilePath, ListenerOptions, ToFsName as _};
    let name = endpoint.path().to_owned().to_fs_name::<GenericFilePath>().unwrap();
    let listener = ListenerOptions::new().name(name).create_tokio().unwrap();
    tokio::spawn(async move {
        loop {
            let mut stream = listener.accept().await.unwrap();
            let mut greeting = Decoder::new(MAX_GREETING);
            let mut byte = [0];
            loop {
                stream.read_exact(&mut byte).await.unwrap();
                if greeting.decode(&mut &byte[..]).unwrap().is_some() {
                    break;
                }
            }
            stream.write_all(&answer).await.unwrap();
            stream.flush().await.unwrap();
        }
    })
}

#[tokio::test]
async fn a_daemon_that_hangs_up_in_the_middle_of_an_answer_is_noticed() {
    let served = Served::new();
    let mut client = served.client().await;
    client.send(&Request::Job).await.unwrap();
    let endpoint = served.endpoint.clone();
    // As when the daemon is killed.
    served.kill().await;
    assert!(soon(client.next()).await.is_err());
    assert!(soon(Client::connect(&endpoint, "test")).await.is_err());
    let listener = Listener::bind(&endpoint, Limits::default());
    assert!(listener.is_ok(), "{listener:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_is_bounded_whatever_clients_announce() {
    let served = Served::with(Limits { connections: 64, ..support::patient() });
    let before = resident();
    let mut guests = Vec::new();
    for _ in 0..64 {
        let mut guest = served.guest().await;
        let length = u32::try_from(MAX_REQUEST).unwrap().to_be_bytes();
        guest.send(&[b"SREP\0\x01\0\0", &length[..], b"{"].concat()).await;
        guests.push(guest);
    }
    let mut last = guests.pop().unwrap();
    last.send(&vec![b' '; MAX_REQUEST - 1]).await;
    assert_eq!(last.refusal().await.class, FailureClass::Misuse);
    // 64 MiB were announced, 1 MiB was sent.
    if let (Some(before), Some(after)) = (before, resident()) {
        assert!(after - before < 24 << 20, "{before} -> {after}");
    }
}

/// Bytes of memory in use; only Linux tells.
fn resident() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().map(|kilobytes: i64| kilobytes << 10).ok()
}
