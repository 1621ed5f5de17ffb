//! Accepting: handshakes with a deadline and a bound, then connections with a bound.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::{AbortHandle, JoinSet};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::super::{Limits, Security};
use super::complaints::Complaints;
use super::stream::{Connection, PeerStream};
use crate::tls::PeerIdentity;

/// A connection that is ready for HTTP/2.
pub(super) type Ready = PeerStream<Box<dyn Duplex>>;

/// A stream, encrypted or not.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Duplex for S {}

/// After an error of the listener itself, usually no file descriptors left.
const PAUSE: Duration = Duration::from_millis(100);

/// The accepting half of a server.
pub(super) struct Acceptor {
    listener: TcpListener,
    limits: Limits,
    handshakes: JoinSet<()>,
    /// Oldest first.
    pending: VecDeque<AbortHandle>,
    next: Arc<Shake>,
}

/// What every handshake needs.
struct Shake {
    security: Security,
    timeout: Duration,
    connections: Arc<Semaphore>,
    closing: CancellationToken,
    ready: mpsc::Sender<Ready>,
    complaints: Complaints,
}

impl Acceptor {
    pub(super) fn new(
        listener: TcpListener,
        security: Security,
        limits: Limits,
        closing: CancellationToken,
        ready: mpsc::Sender<Ready>,
    ) -> Self {
        let next = Arc::new(Shake {
            security,
            timeout: limits.handshake_timeout,
            connections: Arc::new(Semaphore::new(limits.connections)),
            closing,
            ready,
            complaints: Complaints::default(),
        });
        Self { listener, limits, handshakes: JoinSet::new(), pending: VecDeque::new(), next }
    }

    /// Accepts until nobody wants the connections any more; then closes the port and waits for
    /// whoever drops this.
    pub(super) async fn run(mut self) -> Infallible {
        self.accept().await;
        drop(self);
        pending().await
    }

    async fn accept(&mut self) {
        loop {
            tokio::select! {
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, address)) => self.begin(stream, address),
                    Err(error) => {
                        tracing::warn!(%error, "cannot accept a gRPC connection");
                        tokio::time::sleep(PAUSE).await;
                    }
                },
                Some(_) = self.handshakes.join_next() => {}
                () = self.next.ready.closed() => return,
            }
        }
    }

    /// A real handshake takes milliseconds, so that the oldest is the one to give up: however many
    /// half-open ones there are, a peer gets through.
    fn begin(&mut self, stream: TcpStream, address: SocketAddr) {
        self.pending.retain(|handshake| !handshake.is_finished());
        if self.pending.len() >= self.limits.handshakes
            && let Some(oldest) = self.pending.pop_front()
        {
            oldest.abort();
            tracing::debug!("too many gRPC handshakes at a time; the oldest was ended");
        }
        let next = Arc::clone(&self.next);
        self.pending
            .push_back(self.handshakes.spawn(async move { next.run(stream, address).await }));
    }
}

impl Shake {
    async fn run(&self, stream: TcpStream, address: SocketAddr) {
        match tokio::time::timeout(self.timeout, self.secure(stream)).await {
            Ok(Ok((stream, identity))) => self.hand_over(stream, identity, address).await,
            Ok(Err(error)) => {
                if let Some(unsaid) = self.complaints.next(Instant::now()) {
                    tracing::warn!(%address, %error, unsaid, "refused a gRPC connection");
                }
            }
            Err(_) => tracing::debug!(%address, "a gRPC handshake took too long"),
        }
    }

    async fn secure(
        &self,
        stream: TcpStream,
    ) -> Result<(Box<dyn Duplex>, Option<PeerIdentity>), io::Error> {
        stream.set_nodelay(true)?;
        let Security::Tls(tls) = &self.security else {
            return Ok((Box::new(stream), None));
        };
        let stream = TlsAcceptor::from(tls.server()).accept(stream).await?;
        let identity = PeerIdentity::of(stream.get_ref().1.peer_certificates())
            .map_err(|error| io::Error::new(io::ErrorKind::PermissionDenied, error))?;
        Ok((Box::new(stream), Some(identity)))
    }

    async fn hand_over(
        &self,
        stream: Box<dyn Duplex>,
        identity: Option<PeerIdentity>,
        address: SocketAddr,
    ) {
        let Ok(permit) = Arc::clone(&self.connections).try_acquire_owned() else {
            if let Some(unsaid) = self.complaints.next(Instant::now()) {
                tracing::warn!(%address, unsaid, "too many gRPC connections; refused one");
            }
            return;
        };
        let expires_in = identity.as_ref().map(PeerIdentity::valid_for);
        let closing = self.closing.clone();
        let connection = Connection { node: identity.map(|identity| identity.node), address };
        let stream = PeerStream::new(stream, connection, closing, expires_in, self.timeout, permit);
        // Fails only when the server has stopped.
        let _ = self.ready.send(stream).await;
    }
}
