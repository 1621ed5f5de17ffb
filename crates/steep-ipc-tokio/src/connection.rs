//! The daemon's end: one client, from its greeting to its end.

use std::sync::Arc;
use std::time::Duration;

use steep_ipc::{Failure, Greeting, MAX_GREETING, MAX_REPLY, MAX_REQUEST, Reply, Request, encode};
use tokio::io::{ReadHalf, WriteHalf};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::error::ReadError;
use crate::framed::{self, FrameReader, Interruption, Patience};
use crate::{Call, Caller, Limits, Replies, Service, platform};

/// How long one who is refused anyway may take to greet.
const REFUSED_GREETING: Duration = Duration::from_secs(1);

/// What all connections of a daemon share.
#[derive(Debug)]
pub(crate) struct Context<S> {
    pub(crate) service: Arc<S>,
    pub(crate) limits: Limits,
    pub(crate) stop: CancellationToken,
}

/// Why a connection ends.
#[derive(Debug, thiserror::Error)]
enum End {
    #[error("client hung up")]
    HungUp,
    #[error("daemon stops")]
    Stopped,
    #[error("client sent something before the answer to its last request")]
    TooEarly,
    #[error("client was refused: {0}")]
    Refused(Failure),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("client did not read the reply: {0}")]
    Write(#[from] std::io::Error),
}

struct Connection<S> {
    reader: FrameReader<ReadHalf<platform::ServerStream>>,
    writer: WriteHalf<platform::ServerStream>,
    context: Arc<Context<S>>,
}

/// Serves one client; holds the permit to its end.
pub(crate) async fn serve<S: Service>(
    stream: platform::ServerStream,
    context: Arc<Context<S>>,
    permit: OwnedSemaphorePermit,
) {
    let peer = platform::Peer::of(&stream);
    let (mut connection, limits) = Connection::open(stream, context);
    let mut caller = Caller::default();
    let end = async {
        let greeting = connection.greeting(limits.greeting).await?;
        // Windows tells who it is once something was read.
        caller = peer.caller().await;
        tracing::debug!(%caller, pid = caller.pid, client = greeting.client, "client connected");
        connection.welcome().await?;
        connection.requests(&caller).await
    };
    let end: Result<std::convert::Infallible, End> = end.await;
    let Err(end) = end;
    tracing::debug!(%caller, pid = caller.pid, %end, "client is gone");
    drop(permit);
}

/// Tells one client that there are too many.
pub(crate) async fn refuse<S: Service>(
    stream: platform::ServerStream,
    context: Arc<Context<S>>,
    permit: OwnedSemaphorePermit,
) {
    let (mut connection, limits) = Connection::open(stream, context);
    let refusal = Failure::transient(format!("{} clients are connected", limits.connections))
        .with_hint("try again later, or close some of them");
    // What it greets with is of no interest, but an unread greeting may cost it our answer.
    let _ = connection.greeting(REFUSED_GREETING).await;
    if let Err(end) = connection.reply(Reply::Failed(refusal)).await {
        tracing::debug!(%end, "client could not be told that there are too many");
    }
    drop(permit);
}

impl<S: Service> Connection<S> {
    fn open(stream: platform::ServerStream, context: Arc<Context<S>>) -> (Self, Limits) {
        let limits = context.limits.clone();
        let (reader, writer) = tokio::io::split(stream);
        (Self { reader: FrameReader::new(reader, MAX_GREETING), writer, context }, limits)
    }

    /// The client's greeting, if it is one and can be agreed to; else the client is told.
    async fn greeting(&mut self, within: Duration) -> Result<Greeting, End> {
        let patience = Patience { first: Some(within), rest: Some(within) };
        let body = match self.read(patience).await {
            Ok(body) => body,
            Err(End::Read(ReadError::Frame(error))) => {
                let failure = Failure::new(error.class(), format!("no greeting: {error}"));
                return self.refuse(failure).await;
            }
            Err(end) => return Err(end),
        };
        let greeting = match Greeting::from_json(&body) {
            Ok(greeting) => greeting,
            Err(error) => return self.refuse(Failure::from(&error)).await,
        };
        match greeting.negotiate() {
            Ok(()) => Ok(greeting),
            Err(refusal) => self.refuse(refusal).await,
        }
    }

    async fn welcome(&mut self) -> Result<(), End> {
        let welcome = self.context.service.welcome();
        let frame = encode(&welcome, MAX_GREETING)
            .expect("a daemon's version and node id are far shorter than a greeting may be");
        self.send(&frame).await
    }

    async fn requests(&mut self, caller: &Caller) -> Result<std::convert::Infallible, End> {
        self.reader.set_limit(MAX_REQUEST);
        let limits = &self.context.limits;
        let patience = Patience { first: Some(limits.idle), rest: Some(limits.request) };
        let stop = self.context.stop.clone();
        loop {
            let body = tokio::select! {
                biased;
                () = stop.cancelled() => return Err(End::Stopped),
                body = self.read(patience) => body,
            };
            let body = match body {
                Ok(body) => body,
                Err(End::Read(ReadError::Frame(error))) => {
                    return self.refuse(Failure::new(error.class(), error.to_string())).await;
                }
                Err(end) => return Err(end),
            };
            match Request::from_json(&body) {
                Ok(request) => {
                    drop(body);
                    self.call(request, caller.clone()).await?;
                }
                Err(error) => self.reply(Reply::Failed(Failure::from(&error))).await?,
            }
        }
    }

    /// Lets the service answer, and passes on what it says meanwhile.
    async fn call(&mut self, request: Request, caller: Caller) -> Result<(), End> {
        let (replies, mut receiver) = Replies::new();
        let service = Arc::clone(&self.context.service);
        let call = async move { service.call(Call { request, caller, replies }).await };
        // A task of its own: a client that reads slowly does not hold up the work.
        let mut call = AbortOnDropHandle::new(tokio::spawn(call));
        let mut gone = None;
        let result = loop {
            tokio::select! {
                biased;
                Some(reply) = receiver.recv() => {
                    if gone.is_none() {
                        gone = self.reply(reply).await.err();
                    }
                }
                result = &mut call => break result,
                interruption = self.reader.interruption(), if gone.is_none() => {
                    gone = Some(match interruption {
                        Interruption::HungUp => End::HungUp,
                        Interruption::TooEarly => End::TooEarly,
                    });
                }
            }
            if gone.is_some() {
                receiver.close();
            }
        };
        if let Some(end) = gone {
            return Err(end);
        }
        self.rest(&mut receiver).await?;
        let reply = match result {
            Ok(Ok(response)) => Reply::Done(response),
            Ok(Err(failure)) => Reply::Failed(failure),
            Err(error) => {
                tracing::error!(%error, "a request ended in a panic");
                Reply::Failed(Failure::bug("the daemon failed on this request; see its log"))
            }
        };
        self.reply(reply).await
    }

    /// What was said before the answer and not sent yet.
    async fn rest(&mut self, receiver: &mut mpsc::Receiver<Reply>) -> Result<(), End> {
        while let Ok(reply) = receiver.try_recv() {
            self.reply(reply).await?;
        }
        Ok(())
    }

    async fn read(&mut self, patience: Patience) -> Result<Vec<u8>, End> {
        self.reader.read(patience).await?.ok_or(End::HungUp)
    }

    async fn refuse<T>(&mut self, refusal: Failure) -> Result<T, End> {
        self.reply(Reply::Failed(refusal.clone())).await?;
        Err(End::Refused(refusal))
    }

    async fn reply(&mut self, reply: Reply) -> Result<(), End> {
        let frame = match encode(&reply, MAX_REPLY) {
            Ok(frame) => frame,
            Err(error) => {
                let failure = Failure::new(error.class(), format!("the answer: {error}"))
                    .with_hint("ask for less at a time");
                encode(&Reply::Failed(failure), MAX_REPLY).expect("two short sentences fit")
            }
        };
        drop(reply);
        self.send(&frame).await
    }

    async fn send(&mut self, frame: &[u8]) -> Result<(), End> {
        let patience = self.context.limits.reply;
        framed::write(&mut self.writer, frame, patience).await.map_err(End::Write)
    }
}
