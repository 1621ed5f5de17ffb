//! Clients and daemons that keep to the protocol.
#![allow(clippy::unwrap_used, reason = "a test may stop where its own set-up is wrong")]

mod support;

use std::sync::atomic::Ordering;
use std::time::Duration;

use steep_ipc::{Exit, Failure, FailureClass, Init, Reply, Request, Response};
use steep_ipc_tokio::{BindError, CallError, Client, ConnectError, Limits, Listener};
use support::{DEADLINE, Served, new_endpoint, soon};

fn init() -> Request {
    Request::Init(Init { include: vec![], exclude: vec![], dry_run: true })
}

fn text(answer: Response) -> String {
    match answer {
        Response::Message { message } => message,
        other => panic!("no message: {other:?}"),
    }
}

#[tokio::test]
async fn a_client_is_welcomed_and_answered() {
    let served = Served::new();
    let mut client = served.client().await;
    assert_eq!(client.welcome().node.as_deref(), Some("hq"));
    assert_eq!(client.welcome().daemon, "0.1.0");
    for peer in ["berlin", "paris"] {
        let request = Request::SubEnable { peer: peer.to_owned() };
        assert_eq!(text(soon(client.call(&request)).await.unwrap()), peer);
    }
    drop(client);
    served.stopped().await;
}

#[tokio::test]
async fn the_callers_user_is_known() {
    let served = Served::new();
    let said = text(soon(served.client().await.call(&Request::Pause)).await.unwrap());
    let mut own = std::process::Command::new(if cfg!(windows) { "cmd" } else { "id" });
    own.args(if cfg!(windows) { ["/c", "echo %USERNAME%"] } else { ["-u", "-n"] });
    let own = String::from_utf8(own.output().unwrap().stdout).unwrap();
    assert_eq!(said, own.trim());
}

#[tokio::test]
async fn progress_comes_before_the_answer_in_order() {
    let served = Served::new();
    let mut client = served.client().await;
    let mut steps = Vec::new();
    let answer = soon(client.call_with(&init(), |progress| steps.push(progress.step_number))).await;
    assert_eq!((text(answer.unwrap()).as_str(), steps), ("done", vec![1, 2, 3]));
}

#[tokio::test]
async fn a_refused_request_says_why_and_the_next_one_is_answered() {
    let served = Served::new();
    let mut client = served.client().await;
    let error = soon(client.call(&Request::Status)).await.unwrap_err();
    assert!(matches!(&error, CallError::Failed(failure)
        if failure.message == "a test does not ask that"));
    assert_eq!(error.hint(), Some("ask something else"));
    assert_eq!(Exit::from(error.class()), Exit::Usage);
    assert_eq!(text(soon(client.call(&init())).await.unwrap()), "done");
}

#[tokio::test]
async fn events_come_until_the_client_hangs_up() {
    let served = Served::new();
    let mut client = served.client().await;
    client.send(&Request::Subscribe).await.unwrap();
    for number in 0..1000 {
        let reply = soon(client.next()).await.unwrap();
        assert_eq!(reply, Reply::Event(support::event(number)));
    }
    assert!(matches!(client.send(&Request::Status).await, Err(CallError::NotReady)));
    drop(client);
    served.calls_have_ended(1).await;
    served.stopped().await;
}

#[tokio::test]
async fn a_service_that_waits_learns_that_its_client_has_hung_up() {
    let served = Served::new();
    let mut client = served.client().await;
    client.send(&Request::Job).await.unwrap();
    drop(client);
    served.calls_have_ended(1).await;
}

#[tokio::test]
async fn a_panic_costs_one_answer_only() {
    let served = Served::new();
    let mut client = served.client().await;
    let error = soon(client.call(&Request::Health)).await.unwrap_err();
    assert_eq!(error.class(), FailureClass::Bug);
    assert_eq!(text(soon(client.call(&init())).await.unwrap()), "done");
}

#[tokio::test]
async fn the_longest_answer_arrives_and_a_longer_one_is_refused() {
    let served = Served::new();
    let mut client = served.client().await;
    assert!(text(soon(client.call(&Request::NodeList)).await.unwrap()).len() > 16_000_000);
    let error = soon(client.call(&Request::TableList)).await.unwrap_err();
    assert!(error.to_string().contains("longer than the limit"), "{error}");
    assert_eq!(error.hint(), Some("ask for less at a time"));
    served.assert_alive().await;
}

#[tokio::test]
async fn a_request_that_is_too_long_is_not_sent() {
    let served = Served::new();
    let mut client = served.client().await;
    let long = Request::SubEnable { peer: "x".repeat(1 << 20) };
    let error = soon(client.call(&long)).await.unwrap_err();
    assert!(matches!(error, CallError::Request(_)), "{error}");
    assert_eq!(text(soon(client.call(&init())).await.unwrap()), "done");
}

#[tokio::test]
async fn a_stopping_daemon_gives_the_last_answer() {
    let served = Served::new();
    let (mut busy, mut idle) = (served.client().await, served.client().await);
    busy.send(&Request::Job).await.unwrap();
    soon(async {
        while served.service.begun.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    served.stop.cancel();
    // The idle client is hung up on, and nobody else gets in, while the busy one is served.
    assert!(soon(idle.call(&init())).await.is_err());
    // The name of a pipe lasts as long as it has clients: there it is busy for ever.
    let late = Client::connect_within(&served.endpoint, "late", Duration::from_secs(1));
    let refused = soon(late).await.unwrap_err();
    let is_known = matches!(refused, ConnectError::NotRunning { .. });
    assert!(is_known || cfg!(windows), "{refused}");
    served.service.release.notify_one();
    let answer = soon(busy.next()).await.unwrap();
    assert_eq!(answer, Reply::Done(Response::Message { message: "released".to_owned() }));
    served.stopped().await;
}

#[tokio::test]
async fn a_live_daemon_keeps_its_endpoint() {
    let served = Served::new();
    let second = Listener::bind(&served.endpoint, Limits::default());
    let Err(error) = second else { panic!("a second daemon was let in") };
    assert!(matches!(error, BindError::AlreadyServed { .. }), "{error}");
    served.assert_alive().await;
    let endpoint = served.endpoint.clone();
    served.stopped().await;
    // Now it is free.
    drop(Listener::bind(&endpoint, Limits::default()));
}

#[tokio::test]
async fn without_a_daemon_there_is_a_clear_error() {
    let (_folder, endpoint) = new_endpoint();
    let error = soon(Client::connect(&endpoint, "test")).await.unwrap_err();
    assert!(matches!(error, ConnectError::NotRunning { .. }), "{error}");
    assert_eq!(Exit::from(error.class()), Exit::Unreachable);
    assert!(error.hint().is_some_and(|hint| hint.contains("steep-repl start")));
}

#[tokio::test]
async fn clients_above_the_limit_are_told_so() {
    let served = Served::with(Limits { connections: 2, ..support::patient() });
    let (first, _second) = (served.client().await, served.client().await);
    let error = soon(Client::connect(&served.endpoint, "third")).await.unwrap_err();
    let ConnectError::Refused { refusal, .. } = &error else { panic!("{error}") };
    let expected = Failure::transient("2 clients are connected")
        .with_hint("try again later, or close some of them");
    assert_eq!(refusal, &expected);
    drop(first);
    soon(async {
        while Client::connect(&served.endpoint, "fourth").await.is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_clients_get_their_own_answers() {
    let served = Served::with(Limits { connections: 200, ..support::patient() });
    let clients = (0..200).map(|number| {
        let endpoint = served.endpoint.clone();
        tokio::spawn(async move {
            let mut client = Client::connect_within(&endpoint, "one of many", DEADLINE).await?;
            for round in 0..5 {
                let peer = format!("{number}-{round}");
                let request = Request::SubEnable { peer: peer.clone() };
                let answer = client.call(&request).await.expect("the daemon answers");
                assert_eq!(answer, Response::Message { message: peer });
            }
            Ok::<_, ConnectError>(client)
        })
    });
    let mut held = Vec::new();
    for client in clients.collect::<Vec<_>>() {
        held.push(soon(client).await.unwrap().expect("there is room for all"));
    }
    assert_eq!(held.len(), 200);
}
