//! A daemon that answers like no real one, on an endpoint of its own.

// Each test file uses a part of it.
#![allow(dead_code, reason = "shared by several test programs")]

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use interprocess::local_socket::tokio::Stream;
use interprocess::local_socket::traits::tokio::Stream as _;
use interprocess::local_socket::{GenericFilePath, ToFsName as _};
use steep_ipc::{Decoder, Event, Failure, MAX_REPLY, Progress, Reply, Request, Response, Welcome};
use steep_ipc_tokio::{Call, Client, Endpoint, Limits, Listener, Service};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Longer than anything takes, on the slowest machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// Limits that only a broken daemon or client comes near.
pub(crate) fn patient() -> Limits {
    Limits { greeting: DEADLINE, request: DEADLINE, reply: DEADLINE, ..Limits::default() }
}

/// A future that must come to its end.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(DEADLINE, future).await.expect("it ends within the deadline")
}

/// Answers some requests in ways that tests need.
#[derive(Debug, Default)]
pub(crate) struct Odd {
    /// Calls that have begun.
    pub(crate) begun: AtomicUsize,
    /// Calls that have ended.
    pub(crate) ended: AtomicUsize,
    /// Told each time a call ends.
    pub(crate) end: Notify,
    /// Lets `Job` go on.
    pub(crate) release: Notify,
}

impl Service for Odd {
    fn welcome(&self) -> Welcome {
        Welcome::new("0.1.0", Some("hq".to_owned()))
    }

    async fn call(&self, call: Call) -> Result<Response, Failure> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        let result = self.answer(call).await;
        self.ended.fetch_add(1, Ordering::SeqCst);
        self.end.notify_waiters();
        result
    }
}

impl Odd {
    async fn answer(&self, call: Call) -> Result<Response, Failure> {
        let message = |message: String| Ok(Response::Message { message });
        match call.request {
            // Says who asks.
            Request::Pause => message(call.caller.to_string()),
            // Tells progress first.
            Request::Init(_) => {
                for step_number in 1..=3 {
                    let progress = Progress { step_number, steps: 3, ..Progress::default() };
                    call.replies.progress(progress);
                }
                message("done".to_owned())
            }
            // Sends events until nobody listens.
            Request::Subscribe => {
                for number in 0.. {
                    if call.replies.event(event(number)).await.is_err() {
                        break;
                    }
                }
                message(String::new())
            }
            // Waits until it may go on, or nobody listens.
            Request::Job => {
                tokio::select! {
                    () = self.release.notified() => message("released".to_owned()),
                    () = call.replies.hung_up() => message("hung up".to_owned()),
                }
            }
            // More than fits.
            Request::TableList => message("x".repeat(MAX_REPLY)),
            // As much as fits.
            Request::NodeList => message("x".repeat(MAX_REPLY - 200)),
            // Fails in the worst way.
            Request::Health => panic!("a test wants it"),
            // Echoes.
            Request::SubEnable { peer } => message(peer),
            _ => Err(Failure::misuse("a test does not ask that").with_hint("ask something else")),
        }
    }
}

pub(crate) fn event(number: u64) -> Event {
    Event {
        at: "2026-01-01T00:00:00Z".to_owned(),
        kind: "check_changed".to_owned(),
        subject: number.to_string(),
        message: String::new(),
    }
}

/// A served endpoint.
pub(crate) struct Served {
    pub(crate) endpoint: Endpoint,
    pub(crate) service: Arc<Odd>,
    pub(crate) stop: CancellationToken,
    server: Option<JoinHandle<()>>,
    _folder: TempDir,
}

impl Served {
    pub(crate) fn with(limits: Limits) -> Self {
        let (folder, endpoint) = new_endpoint();
        let listener = Listener::bind(&endpoint, limits).expect("the endpoint is new");
        let (service, stop) = (Arc::new(Odd::default()), CancellationToken::new());
        let server = tokio::spawn(listener.serve(Arc::clone(&service), stop.clone()));
        Self { endpoint, service, stop, server: Some(server), _folder: folder }
    }

    pub(crate) fn new() -> Self {
        Self::with(patient())
    }

    pub(crate) async fn client(&self) -> Client {
        let client = Client::connect_within(&self.endpoint, "test 0.1.0", DEADLINE);
        soon(client).await.expect("it is served")
    }

    /// A connection that has not greeted.
    pub(crate) async fn stranger(&self) -> Stranger {
        let name = self.endpoint.path().to_fs_name::<GenericFilePath>().unwrap();
        let stream = soon(Stream::connect(name)).await.expect("it is served");
        Stranger { stream, decoder: Decoder::new(MAX_REPLY) }
    }

    /// A connection that has greeted, to send anything on.
    pub(crate) async fn guest(&self) -> Stranger {
        let mut guest = self.stranger().await;
        guest.send(&frame(br#"{"protocol":1,"client":"test"}"#)).await;
        let welcome = guest.receive().await.expect("a welcome");
        assert!(welcome.starts_with(r#"{"protocol":1,"#), "{welcome}");
        guest
    }

    /// It is there and answers.
    pub(crate) async fn assert_alive(&self) {
        let mut client = self.client().await;
        let request = Request::SubEnable { peer: "alive".to_owned() };
        let answer = soon(client.call(&request)).await.expect("it answers");
        assert_eq!(answer, Response::Message { message: "alive".to_owned() });
    }

    pub(crate) async fn calls_have_ended(&self, count: usize) {
        soon(async {
            loop {
                let ended = self.service.end.notified();
                if self.service.ended.load(Ordering::SeqCst) >= count {
                    return;
                }
                ended.await;
            }
        })
        .await;
    }

    /// Stops, and waits for the end.
    pub(crate) async fn stopped(mut self) {
        self.stop.cancel();
        soon(self.server.take().expect("it is taken once")).await.expect("the server ends well");
    }
}

impl Served {
    /// Ends it where it is.
    pub(crate) async fn kill(mut self) {
        let server = self.server.take().expect("it is taken once");
        server.abort();
        assert!(soon(server).await.is_err_and(|end| end.is_cancelled()));
    }
}

/// A place where nobody is yet; the folder goes with the value.
pub(crate) fn new_endpoint() -> (TempDir, Endpoint) {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let endpoint = if cfg!(windows) {
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        Endpoint::at(format!(r"\\.\pipe\steep-test-{}-{number}", std::process::id()))
    } else {
        Endpoint::at(folder.path().join("steep-repl.sock"))
    };
    (folder, endpoint)
}

/// A client that keeps to no protocol.
pub(crate) struct Stranger {
    pub(crate) stream: Stream,
    decoder: Decoder,
}

impl Stranger {
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        soon(self.stream.write_all(bytes)).await.expect("the daemon listens");
    }

    /// As much as the other end takes.
    pub(crate) async fn try_send(&mut self, bytes: &[u8]) {
        // It may have hung up already, which is what the test is about.
        let _ = soon(self.stream.write_all(bytes)).await;
    }

    /// The next body; none when the daemon has hung up.
    pub(crate) async fn receive(&mut self) -> Option<String> {
        let mut buffer = [0; 1];
        loop {
            match soon(self.stream.read(&mut buffer)).await {
                Ok(0) | Err(_) => return None,
                Ok(read) => {
                    let decoded = self.decoder.decode(&mut &buffer[..read]);
                    if let Some(body) = decoded.expect("the daemon sends frames") {
                        return Some(String::from_utf8(body).expect("JSON is UTF-8"));
                    }
                }
            }
        }
    }

    /// The message of the failure that comes next.
    pub(crate) async fn refusal(&mut self) -> Failure {
        let body = self.receive().await.expect("a refusal");
        match Reply::from_json(body.as_bytes()) {
            Ok(Reply::Failed(failure)) => failure,
            other => panic!("no refusal: {other:?}"),
        }
    }

    /// The daemon says nothing more and hangs up.
    pub(crate) async fn assert_hung_up(&mut self) {
        assert_eq!(self.receive().await, None);
    }
}

/// A frame around any bytes.
pub(crate) fn frame(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).expect("a test's frame is short");
    [b"SREP\0\x01\0\0", &length.to_be_bytes()[..], body].concat()
}
