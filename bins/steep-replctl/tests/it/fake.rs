//! A daemon that answers what a test wants.

use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use steep_ipc::{Failure, Progress, Request, Response, Welcome};
use steep_ipc_tokio::{Call, Endpoint, Limits, Listener, Service};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// What the daemon says to a request.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    pub(crate) progress: Vec<Progress>,
    pub(crate) answer: Result<Response, Failure>,
}

impl From<Response> for Script {
    fn from(answer: Response) -> Self {
        Self { progress: Vec::new(), answer: Ok(answer) }
    }
}

impl From<Failure> for Script {
    fn from(failure: Failure) -> Self {
        Self { progress: Vec::new(), answer: Err(failure) }
    }
}

type Answers = dyn Fn(&Request, usize) -> Script + Send + Sync;

struct Scripted {
    answers: Box<Answers>,
    asked: Mutex<Vec<Request>>,
}

impl Service for Scripted {
    fn welcome(&self) -> Welcome {
        Welcome::new("0.1.0", Some("hq".into()))
    }

    async fn call(&self, call: Call) -> Result<Response, Failure> {
        let number = {
            let mut asked = self.asked.lock().expect("no test panics with the lock");
            asked.push(call.request.clone());
            asked.len()
        };
        let script = (self.answers)(&call.request, number);
        for progress in script.progress {
            call.replies.progress(progress);
        }
        script.answer
    }
}

/// A running daemon. It ends when it is dropped.
pub(crate) struct FakeDaemon {
    path: String,
    service: Arc<Scripted>,
    running: Option<(CancellationToken, JoinHandle<()>)>,
    _folder: TempDir,
}

impl FakeDaemon {
    /// Says the same to every request.
    pub(crate) fn saying(script: impl Into<Script>) -> Self {
        let script = script.into();
        Self::start(move |_, _| script.clone())
    }

    /// Answers by the request and its number, from 1.
    pub(crate) fn start(
        answers: impl Fn(&Request, usize) -> Script + Send + Sync + 'static,
    ) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = endpoint_in(&folder);
        let service = Arc::new(Scripted { answers: Box::new(answers), asked: Mutex::default() });
        let mut daemon = Self { path, service, running: None, _folder: folder };
        daemon.go_on();
        daemon
    }

    /// Listens, at first and after [`FakeDaemon::stop`].
    pub(crate) fn go_on(&mut self) {
        let (endpoint, service) = (Endpoint::at(&self.path), Arc::clone(&self.service));
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let (ready, bound) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                let listener =
                    Listener::bind(&endpoint, Limits::default()).expect("a free endpoint");
                ready.send(()).expect("the test waits");
                listener.serve(service, stopped).await;
            });
        });
        bound.recv().expect("the daemon listens");
        self.running = Some((stop, thread));
    }

    /// Ends, as if somebody stopped it.
    pub(crate) fn stop(&mut self) {
        if let Some((stop, thread)) = self.running.take() {
            stop.cancel();
            let _ = thread.join();
        }
    }

    /// Where it listens.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// What it was asked, as JSON, one request a line.
    pub(crate) fn asked(&self) -> String {
        let asked = self.service.asked.lock().expect("no test panics with the lock");
        let lines = asked.iter().map(|request| serde_json::to_string(request).expect("a request"));
        lines.map(|line| line + "\n").collect()
    }
}

impl Drop for FakeDaemon {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A path of a socket or pipe that nobody else has.
pub(crate) fn endpoint_in(folder: &TempDir) -> String {
    if cfg!(windows) {
        let name = folder.path().file_name().expect("a name").to_string_lossy().into_owned();
        format!(r"\\.\pipe\steep-replctl-{name}")
    } else {
        folder.path().join("steep-repl.sock").display().to_string()
    }
}
