//! Connections that are used again.

use std::time::Duration;

use deadpool_postgres::{
    Connect, Hook, Manager, ManagerConfig, Object, PoolError, RecyclingMethod, Runtime, Timeouts,
};

use futures_util::future::BoxFuture;
use tokio::task::JoinHandle;
use tokio_postgres::Client;

use crate::error::causes;
use crate::{PgError, Server};

/// A connection of the pool; goes back when it is dropped.
pub type Pooled = Object;

/// How long to look after a connection before it is used again.
const RECYCLE: Duration = Duration::from_secs(5);

/// Connections that are used again: at most so many, opened when they are needed, put back into
/// their first state (settings, transactions, locks, temporary tables) before each use.
#[derive(Clone, Debug)]
pub struct Pool {
    pool: deadpool_postgres::Pool,
    server: Server,
}

/// How busy a pool is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolStatus {
    /// The most connections it opens.
    pub max: usize,
    /// Open connections.
    pub open: usize,
    /// Open connections that nobody uses.
    pub idle: usize,
    /// Callers that wait for one.
    pub waiting: usize,
}

/// Opens the pool's connections as all others are opened.
struct Opener(Server);

impl Connect for Opener {
    fn connect(
        &self,
        _: &tokio_postgres::Config,
    ) -> BoxFuture<'_, Result<(Client, JoinHandle<()>), tokio_postgres::Error>> {
        Box::pin(async {
            let (client, wire) = self.0.open().await?;
            let task = tokio::spawn(async move {
                if let Err(error) = wire.await {
                    tracing::debug!(%error, "a connection of the pool ended");
                }
            });
            Ok((client, task))
        })
    }
}

impl Pool {
    /// A pool of at most `size` connections; opens none yet.
    ///
    /// # Errors
    /// Never with the runtime that this crate is built for.
    pub fn new(server: &Server, size: usize) -> Result<Self, PgError> {
        let manager = Manager::from_connect(
            server.config().clone(),
            Opener(server.clone()),
            ManagerConfig { recycling_method: RecyclingMethod::Clean },
        );
        let timeout = server.settings().connect_timeout;
        let pool = deadpool_postgres::Pool::builder(manager)
            .max_size(size.max(1))
            .runtime(Runtime::Tokio1)
            .timeouts(Timeouts {
                wait: Some(timeout),
                create: Some(timeout),
                recycle: Some(RECYCLE),
            })
            .post_create(Hook::sync_fn(|_, _| {
                tracing::debug!("the pool opened a connection to PostgreSQL");
                Ok(())
            }))
            .build()
            .map_err(|error| PgError::Answer(causes(&error)))?;
        Ok(Self { pool, server: server.clone() })
    }

    /// A connection, an idle one if there is one.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses the login, or none becomes free in time.
    pub async fn get(&self) -> Result<Pooled, PgError> {
        let settings = self.server.settings();
        self.pool.get().await.map_err(|error| match error {
            PoolError::Backend(error) => {
                PgError::connecting(&error, settings.place(), settings.peer.clone())
            }
            PoolError::Timeout(deadpool_postgres::TimeoutType::Wait) => {
                PgError::PoolTimeout(settings.connect_timeout)
            }
            PoolError::Timeout(_) => PgError::ConnectTimeout {
                place: settings.place(),
                timeout: settings.connect_timeout,
                peer: settings.peer.clone(),
            },
            other => PgError::Answer(causes(&other)),
        })
    }

    /// The server that the connections lead to.
    #[must_use]
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// How busy it is.
    #[must_use]
    pub fn status(&self) -> PoolStatus {
        let status = self.pool.status();
        PoolStatus {
            max: status.max_size,
            open: status.size,
            idle: status.available,
            waiting: status.waiting,
        }
    }

    /// Gives out no connection any more; those in use are closed when they come back.
    pub fn close(&self) {
        self.pool.close();
    }
}
