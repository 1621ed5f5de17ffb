//! An accepted connection, and what ends it.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use steep_types::NodeId;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Sleep, sleep};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::transport::server::Connected;

/// Who is at the other end of a connection, for every call that comes over it.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    /// By its certificate; none without TLS.
    pub(crate) node: Option<NodeId>,
    pub(crate) address: SocketAddr,
}

/// tokio's timers reach two years; a connection that lives longer has outlived its certificate's
/// successor as well.
const LONGEST_TIMER: Duration = Duration::from_secs(365 * 86_400);

/// Reading fails once the server closes, the peer's certificate is no longer valid, or the peer has
/// never said anything; hyper then drops the connection with all its calls.
pub(super) struct PeerStream<S> {
    stream: S,
    connection: Connection,
    closing: Pin<Box<WaitForCancellationFutureOwned>>,
    expiry: Option<Pin<Box<Sleep>>>,
    /// Until the first byte.
    silence: Option<Pin<Box<Sleep>>>,
    end: Option<&'static str>,
    _permit: OwnedSemaphorePermit,
}

impl<S> PeerStream<S> {
    pub(super) fn new(
        stream: S,
        connection: Connection,
        closing: CancellationToken,
        expires_in: Option<Duration>,
        patience: Duration,
        permit: OwnedSemaphorePermit,
    ) -> Self {
        Self {
            stream,
            connection,
            closing: Box::pin(closing.cancelled_owned()),
            expiry: expires_in
                .filter(|time| *time < LONGEST_TIMER)
                .map(|time| Box::pin(sleep(time))),
            silence: Some(Box::pin(sleep(patience))),
            end: None,
            _permit: permit,
        }
    }

    /// Why there is nothing more to read. Keeps saying so.
    fn ended(&mut self, context: &mut Context<'_>) -> Option<&'static str> {
        if self.end.is_none() {
            self.end = if self.closing.as_mut().poll(context).is_ready() {
                Some("the server closes")
            } else if is_over(&mut self.expiry, context) {
                let address = self.connection.address;
                tracing::warn!(%address, "the certificate of a connected peer has expired");
                Some("the peer's certificate has expired")
            } else if is_over(&mut self.silence, context) {
                Some("the peer said nothing")
            } else {
                None
            };
        }
        self.end
    }
}

fn is_over(timer: &mut Option<Pin<Box<Sleep>>>, context: &mut Context<'_>) -> bool {
    timer.as_mut().is_some_and(|timer| timer.as_mut().poll(context).is_ready())
}

impl<S> Connected for PeerStream<S> {
    type ConnectInfo = Connection;

    fn connect_info(&self) -> Connection {
        self.connection.clone()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for PeerStream<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if let Some(why) = this.ended(context) {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::ConnectionAborted, why)));
        }
        let before = buffer.filled().len();
        let polled = Pin::new(&mut this.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            this.silence = None;
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for PeerStream<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}
