//! Accepting connections, within limits.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::routes;
use crate::watch::Watcher;

/// After an accept that failed because of the process's limits; they pass.
const PAUSE: Duration = Duration::from_millis(100);
/// The longest head of a request, in bytes; what is asked for here has a few hundred.
const HEAD: usize = 16 << 10;

/// What clients may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections served at a time.
    pub connections: usize,
    /// How long a client may take to send the head of its request.
    pub head: Duration,
    /// How long a connection may last in all.
    pub request: Duration,
}

impl Default for Limits {
    /// A few monitors that ask every few seconds.
    fn default() -> Self {
        Self { connections: 32, head: Duration::from_secs(5), request: Duration::from_secs(10) }
    }
}

/// Why HTTP is not served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address} for HTTP: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
}

/// Listens, and serves in tasks of `tasks` until `stop` is cancelled; then answers what has been
/// asked. Returns the address, with the port that was given out if it was 0.
///
/// # Errors
/// When the address is in use or not of this machine.
pub async fn serve(
    address: SocketAddr,
    watcher: Watcher,
    limits: Limits,
    tasks: &TaskTracker,
    stop: CancellationToken,
) -> Result<SocketAddr, HttpError> {
    let failed = |source| HttpError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    let connections = tasks.clone();
    tasks.spawn(async move { accept(listener, watcher, limits, connections, stop).await });
    Ok(bound)
}

async fn accept(
    listener: TcpListener,
    watcher: Watcher,
    limits: Limits,
    tasks: TaskTracker,
    stop: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(limits.connections));
    let router = routes::router(watcher);
    loop {
        let next = async {
            // The semaphore is never closed.
            let place = Arc::clone(&places).acquire_owned().await.ok()?;
            Some((place, listener.accept().await))
        };
        let (place, stream) = match stop.run_until_cancelled(next).await {
            None | Some(None) => return,
            Some(Some((place, Ok((stream, _))))) => (place, stream),
            Some(Some((_, Err(error)))) => {
                tracing::debug!(%error, "an HTTP connection was not accepted");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let (router, stop) = (router.clone(), stop.clone());
        tasks.spawn(async move {
            answer(stream, router, limits, stop).await;
            drop(place);
        });
    }
}

async fn answer(stream: TcpStream, router: axum::Router, limits: Limits, stop: CancellationToken) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(HEAD)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    tokio::pin!(connection);
    let whole = async {
        tokio::select! {
            ended = connection.as_mut() => return ended,
            () = stop.cancelled() => connection.as_mut().graceful_shutdown(),
        }
        connection.await
    };
    match tokio::time::timeout(limits.request, whole).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "an HTTP connection ended"),
        Err(_) => tracing::debug!("an HTTP connection took too long"),
    }
}
