//! The client's end.

use std::io;
use std::time::Duration;

use steep_ipc::{
    Greeting, MAX_GREETING, MAX_REPLY, MAX_REQUEST, Progress, Reply, Request, Response, Welcome,
    encode, read_answer,
};
use tokio::io::{AsyncWriteExt as _, ReadHalf, WriteHalf};
use tokio::time::timeout;

use crate::error::{CallError, ConnectError, ReadError};
use crate::framed::{self, FrameReader, Patience};
use crate::{Endpoint, platform};

/// How long connecting and greeting may take together: both ends are on one machine, which may be
/// busy.
const GREETING: Duration = Duration::from_secs(10);

/// How long a daemon may be silent while it works on a request that has no progress to tell. It
/// waits for PostgreSQL for 30 s at most.
const SILENCE: Duration = Duration::from_secs(60);

/// How long a daemon may take to read a request.
const REQUEST: Duration = Duration::from_secs(10);

/// A connection to a daemon: one request at a time.
#[derive(Debug)]
pub struct Client {
    reader: FrameReader<ReadHalf<platform::ClientStream>>,
    writer: WriteHalf<platform::ClientStream>,
    welcome: Welcome,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// It can take a request.
    Ready,
    /// Replies are still to come.
    Answering,
    /// Something went wrong; what comes next cannot be told.
    Lost,
}

impl Client {
    /// Connects to the daemon at `endpoint` and greets it as `name` (`steep-replctl 0.1.0`).
    ///
    /// # Errors
    /// When nobody is there, may not be talked to, or will not talk.
    pub async fn connect(endpoint: &Endpoint, name: &str) -> Result<Self, ConnectError> {
        Self::connect_within(endpoint, name, GREETING).await
    }

    /// As [`Client::connect`], with another patience than ten seconds.
    ///
    /// # Errors
    /// As there.
    pub async fn connect_within(
        endpoint: &Endpoint,
        name: &str,
        patience: Duration,
    ) -> Result<Self, ConnectError> {
        let attempt = Self::connect_patiently(endpoint, name);
        timeout(patience, attempt).await.unwrap_or_else(|_| {
            Err(ConnectError::Answer { endpoint: endpoint.clone(), source: ReadError::Silent })
        })
    }

    async fn connect_patiently(endpoint: &Endpoint, name: &str) -> Result<Self, ConnectError> {
        let greeting =
            encode(&Greeting::new(name), MAX_GREETING).map_err(ConnectError::Greeting)?;
        let stream = platform::connect(endpoint).await?;
        let (reader, mut writer) = tokio::io::split(stream);
        let mut reader = FrameReader::new(reader, MAX_GREETING);
        let sent = writer.write_all(&greeting).await;
        let patience = Patience { first: None, rest: None };
        // A daemon that refuses may have hung up already; what it said is still there.
        let answer = match (reader.read(patience).await, sent) {
            (Ok(Some(body)), _) => read_answer(&body).map_err(ReadError::Body),
            (_, Err(error)) => Err(ReadError::Io(error)),
            (Ok(None), Ok(())) => Err(ReadError::HungUp),
            (Err(error), Ok(())) => Err(error),
        };
        let endpoint = endpoint.clone();
        match answer {
            Ok(Ok(welcome)) => {
                reader.set_limit(MAX_REPLY);
                Ok(Self { reader, writer, welcome, state: State::Ready })
            }
            Ok(Err(refusal)) => Err(ConnectError::Refused { endpoint, refusal }),
            Err(source) => Err(ConnectError::Answer { endpoint, source }),
        }
    }

    /// What the daemon said of itself.
    #[must_use]
    pub fn welcome(&self) -> &Welcome {
        &self.welcome
    }

    /// Asks, and waits for the answer; progress and events are passed over.
    ///
    /// # Errors
    /// When the daemon refuses, or does not answer.
    pub async fn call(&mut self, request: &Request) -> Result<Response, CallError> {
        self.call_with(request, |_| {}).await
    }

    /// Asks, waits for the answer, and shows the progress meanwhile.
    ///
    /// # Errors
    /// When the daemon refuses, does not answer, or is silent for a minute.
    pub async fn call_with(
        &mut self,
        request: &Request,
        mut on_progress: impl FnMut(Progress),
    ) -> Result<Response, CallError> {
        self.send(request).await?;
        loop {
            let Ok(reply) = timeout(SILENCE, self.next()).await else {
                self.state = State::Lost;
                return Err(CallError::Silent { after: SILENCE });
            };
            match reply? {
                Reply::Progress(progress) => on_progress(progress),
                Reply::Done(response) => return Ok(response),
                Reply::Failed(failure) => return Err(failure.into()),
                // Events are for those who read them with `next`.
                _ => {}
            }
        }
    }

    /// Sends a request whose replies will be read with [`Client::next`].
    ///
    /// # Errors
    /// When the last request has not been answered yet, this one is too long, or the daemon is gone.
    pub async fn send(&mut self, request: &Request) -> Result<(), CallError> {
        if self.state != State::Ready {
            return Err(CallError::NotReady);
        }
        let frame = encode(request, MAX_REQUEST)?;
        // Until it is known that all of it went out.
        self.state = State::Lost;
        match framed::write(&mut self.writer, &frame, REQUEST).await {
            // A daemon that hung up may have said why.
            Ok(()) => self.state = State::Answering,
            Err(error) if is_hang_up(&error) => self.state = State::Answering,
            Err(error) => return Err(ReadError::Io(error).into()),
        }
        Ok(())
    }

    /// The next reply. After [`Reply::Done`] or [`Reply::Failed`] the next request may be sent.
    /// It waits as long as it takes; dropping the future loses nothing.
    ///
    /// # Errors
    /// When no reply is to come, or the daemon is gone.
    pub async fn next(&mut self) -> Result<Reply, CallError> {
        if self.state != State::Answering {
            return Err(CallError::NotReady);
        }
        let read = self.reader.read(Patience { first: None, rest: None }).await;
        let reply = read
            .and_then(|body| body.ok_or(ReadError::HungUp))
            .and_then(|body| Reply::from_json(&body).map_err(ReadError::Body));
        self.state = match &reply {
            Ok(Reply::Done(_) | Reply::Failed(_)) => State::Ready,
            Ok(_) => State::Answering,
            Err(_) => State::Lost,
        };
        Ok(reply?)
    }
}

fn is_hang_up(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset)
}
