//! A server for a test.

use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;

use steep_node::grpc::{Limits, PeerClient, PeerError, Security, ServeError, serve_with};
use steep_proto::{HealthRequest, HealthResponse, PROTOCOL};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::answers::Answers;
use crate::soon;

/// A server on a free port; ends when dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) answers: Arc<Answers>,
    pub(crate) shutdown: CancellationToken,
    pub(crate) task: JoinHandle<Result<(), ServeError>>,
}

impl Server {
    pub(crate) async fn start(security: Security) -> Self {
        Self::with_limits(security, Limits::default()).await
    }

    pub(crate) async fn with_limits(security: Security, limits: Limits) -> Self {
        let node = match &security {
            Security::Tls(tls) => tls.node(),
            Security::Plaintext { node } => node.clone(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let answers = Arc::new(Answers::of(node.as_str()));
        let shutdown = CancellationToken::new();
        let service = Arc::clone(&answers);
        let task = tokio::spawn(serve_with(listener, security, service, limits, shutdown.clone()));
        Self { address, answers, shutdown, task }
    }

    pub(crate) async fn client(&self, own: &Security) -> Result<PeerClient, PeerError> {
        self.client_for(own, None).await
    }

    pub(crate) async fn client_for(
        &self,
        own: &Security,
        expected: Option<&str>,
    ) -> Result<PeerClient, PeerError> {
        let address = self.address.to_string();
        soon("connecting", PeerClient::connect(&address, own, expected)).await
    }

    /// A whole exchange.
    pub(crate) async fn health(&self, own: &Security) -> Result<HealthResponse, PeerError> {
        health(&self.client(own).await?).await
    }
}

/// The first exchange, claiming nothing in the message.
pub(crate) async fn health(client: &PeerClient) -> Result<HealthResponse, PeerError> {
    let request = HealthRequest { protocol: PROTOCOL, node_id: String::new(), sent_at_us: 0 };
    soon("the health check", client.health_check(request)).await
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Deref for Server {
    type Target = Answers;

    fn deref(&self) -> &Answers {
        &self.answers
    }
}
