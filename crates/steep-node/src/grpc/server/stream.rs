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

/// Reading fails once the server closes or the peer's certificate is no longer valid; hyper
/// then drops the connection with all its calls.
pub(super) struct PeerStream<S> {
    stream: S,
    connection: Connection,
    closing: Pin<Box<WaitForCancellationFutureOwned>>,
    expiry: Option<Pin<Box<Sleep>>>,
    _permit: OwnedSemaphorePermit,
}

impl<S> PeerStream<S> {
    pub(super) fn new(
        stream: S,
        connection: Connection,
        closing: CancellationToken,
        expires_in: Option<Duration>,
        permit: OwnedSemaphorePermit,
    ) -> Self {
        Self {
            stream,
            connection,
            closing: Box::pin(closing.cancelled_owned()),
            expiry: expires_in
                .filter(|time| *time < LONGEST_TIMER)
                .map(|time| Box::pin(sleep(time))),
            _permit: permit,
        }
    }

    fn ended(&mut self, context: &mut Context<'_>) -> Option<io::Error> {
        if self.closing.as_mut().poll(context).is_ready() {
            return Some(io::Error::new(io::ErrorKind::ConnectionAborted, "the server closes"));
        }
        let expired = self.expiry.as_mut().is_some_and(|at| at.as_mut().poll(context).is_ready());
        if expired {
            // A sleep that is over is not polled again.
            self.expiry = None;
            self.closing = Box::pin(cancelled().cancelled_owned());
            let address = self.connection.address;
            tracing::warn!(%address, "the certificate of a connected peer has expired");
            return Some(io::Error::new(
                io::ErrorKind::ConnectionAborted,
                "the peer's certificate has expired",
            ));
        }
        None
    }
}

fn cancelled() -> CancellationToken {
    let token = CancellationToken::new();
    token.cancel();
    token
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
        match this.ended(context) {
            Some(error) => Poll::Ready(Err(error)),
            None => Pin::new(&mut this.stream).poll_read(context, buffer),
        }
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
