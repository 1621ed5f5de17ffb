//! The daemon's end: who gets in.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::connection::{self, Context};
use crate::error::BindError;
use crate::{Endpoint, Limits, Service, platform};

/// How long to wait when the system has no more files for new connections.
const AFTER_REFUSED_ACCEPT: Duration = Duration::from_millis(100);

/// How many clients above the limit are told so at a time; further ones are hung up on.
const REFUSALS: usize = 16;

/// A bound endpoint. Dropping it, or the future of [`Listener::serve`], frees the endpoint.
#[derive(Debug)]
pub struct Listener {
    listener: platform::Listener,
    endpoint: Endpoint,
    limits: Limits,
}

impl Listener {
    /// Takes an endpoint. Clients can connect from now on; they are answered once it is served.
    ///
    /// Call it inside a tokio runtime.
    ///
    /// # Errors
    /// When it is another daemon's, or the operating system or a file in the way forbids it.
    pub fn bind(endpoint: &Endpoint, limits: Limits) -> Result<Self, BindError> {
        let listener = platform::Listener::bind(endpoint)?;
        Ok(Self { listener, endpoint: endpoint.clone(), limits })
    }

    /// Where it listens.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Serves clients until `stop` is cancelled. Then the endpoint is free, nobody else gets in,
    /// clients that wait for no answer are hung up on, and the future ends when the last answer is
    /// given. Whoever cannot wait for that drops the future, which ends the calls where they are.
    pub async fn serve<S: Service>(self, service: Arc<S>, stop: CancellationToken) {
        let Self { mut listener, endpoint, limits } = self;
        let permits = Arc::new(Semaphore::new(limits.connections));
        let refusals = Arc::new(Semaphore::new(REFUSALS));
        let context = Arc::new(Context { service, limits, stop: stop.clone() });
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                // Reaps, so that the set does not grow.
                Some(_) = connections.join_next() => continue,
                accepted = listener.accept() => accepted,
            };
            let stream = match accepted {
                Ok(stream) => stream,
                Err(error) => {
                    tracing::warn!(%endpoint, %error, "cannot accept a client");
                    tokio::time::sleep(AFTER_REFUSED_ACCEPT).await;
                    continue;
                }
            };
            let context = Arc::clone(&context);
            if let Some(permit) = one_of(&permits) {
                connections.spawn(connection::serve(stream, context, permit));
            } else if let Some(permit) = one_of(&refusals) {
                connections.spawn(connection::refuse(stream, context, permit));
            } else {
                tracing::debug!(%endpoint, "too many clients: one is hung up on");
            }
        }
        // New clients shall find nobody rather than a daemon that does not answer.
        drop(listener);
        while connections.join_next().await.is_some() {}
    }
}

fn one_of(permits: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
    Arc::clone(permits).try_acquire_owned().ok()
}
