//! The listening side.

mod accept;
mod complaints;
mod stream;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use futures_util::stream::unfold;
use steep_proto::steep_replication_server::SteepReplicationServer;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;
use tower::limit::GlobalConcurrencyLimitLayer;

use super::adapter::Adapter;
use super::{Limits, NodeService, Security};
use accept::Acceptor;
pub(super) use stream::Connection;

/// Why a server cannot serve, or stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// Plaintext was asked for on an address that others can reach.
    #[error("plaintext gRPC on {address}, which is not a loopback address")]
    PlaintextBeyondLoopback {
        /// The address.
        address: SocketAddr,
    },
    /// The listener does not know its own address.
    #[error("cannot tell the address of the gRPC listener")]
    Address(#[source] io::Error),
    /// tonic gave up.
    #[error("the gRPC server stopped")]
    Stopped(#[source] tonic::transport::Error),
}

impl ServeError {
    /// The way out.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::PlaintextBeyondLoopback { .. } => Some(
                "set grpc.tls.mode to mutual and make certificates with \
                 `steep-replctl tls init`, or listen on 127.0.0.1",
            ),
            Self::Address(_) | Self::Stopped(_) => None,
        }
    }
}

/// Serves until `shutdown`, then lets calls finish within [`Limits::shutdown_timeout`].
///
/// # Errors
/// Before the first connection, when `security` does not suit the listener's address; later only when
/// tonic gives up. A connection that fails is no error.
pub async fn serve(
    listener: TcpListener,
    security: Security,
    service: Arc<dyn NodeService>,
    shutdown: CancellationToken,
) -> Result<(), ServeError> {
    serve_with(listener, security, service, Limits::default(), shutdown).await
}

/// As [`serve`], with other limits.
///
/// # Errors
/// As [`serve`].
pub async fn serve_with(
    listener: TcpListener,
    security: Security,
    service: Arc<dyn NodeService>,
    limits: Limits,
    shutdown: CancellationToken,
) -> Result<(), ServeError> {
    let address = listener.local_addr().map_err(ServeError::Address)?;
    if let Security::Plaintext { .. } = &security {
        if !address.ip().is_loopback() {
            return Err(ServeError::PlaintextBeyondLoopback { address });
        }
        tracing::warn!(%address, "gRPC without TLS: every process of this machine can be any node");
    }
    // Cancelled when nobody may go on: connections end wherever they are.
    let closing = CancellationToken::new();
    let _closed_on_return = closing.clone().drop_guard();
    let (sender, receiver) = mpsc::channel(1);
    let acceptor = Acceptor::new(listener, security, limits, closing.clone(), sender);
    let connections = unfold(receiver, |mut receiver| async move {
        let next = receiver.recv().await?;
        Some((Ok::<_, io::Error>(next), receiver))
    });
    let replication = SteepReplicationServer::new(Adapter::new(service, &limits))
        .max_decoding_message_size(limits.message_bytes)
        .max_encoding_message_size(limits.message_bytes);
    let streams = u32::try_from(limits.calls_per_connection + limits.streams).ok();
    let served = Server::builder()
        .concurrency_limit_per_connection(limits.calls_per_connection)
        .max_concurrent_streams(streams)
        .timeout(limits.longest_call * 2)
        .http2_keepalive_interval(Some(limits.keepalive_interval))
        .http2_keepalive_timeout(Some(limits.keepalive_timeout))
        .http2_max_header_list_size(HEADER_BYTES)
        .http2_max_pending_accept_reset_streams(Some(PENDING_RESETS))
        .layer(GlobalConcurrencyLimitLayer::new(limits.calls))
        .add_service(replication)
        .serve_with_incoming_shutdown(connections, shutdown.clone().cancelled_owned());
    let out_of_patience = async {
        shutdown.cancelled().await;
        tokio::time::sleep(limits.shutdown_timeout).await;
    };
    tokio::select! {
        result = served => result.map_err(ServeError::Stopped),
        never = acceptor.run() => match never {},
        () = out_of_patience => {
            tracing::warn!("calls of peers were still running at the end of the shutdown; they were cut");
            Ok(())
        }
    }
}

/// Headers of one call: our own take a few hundred bytes.
const HEADER_BYTES: u32 = 16 << 10;

/// Streams that a client may open and reset before the server has seen them (CVE-2023-44487).
const PENDING_RESETS: usize = 20;
