//! A connection and the task that moves its bytes.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

/// What moves the bytes of a connection.
pub(crate) type Wire =
    tokio_postgres::Connection<Socket, <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream>;

/// How long a connection may take to say good-bye once nobody holds it any more.
const FAREWELL: Duration = Duration::from_secs(5);

/// A connection of its own: a [`Client`] whose driver task ends with it.
///
/// Dropping it closes the connection, even if the server does not answer any more.
#[derive(Debug)]
pub struct Connection {
    client: Client,
    _held: oneshot::Sender<()>,
}

impl Deref for Connection {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl DerefMut for Connection {
    fn deref_mut(&mut self) -> &mut Client {
        &mut self.client
    }
}

/// Starts the driver task.
pub(crate) fn drive(client: Client, wire: Wire) -> Connection {
    let (held, dropped) = oneshot::channel::<()>();
    tokio::spawn(async move {
        tokio::pin!(wire);
        let ended = tokio::select! {
            ended = &mut wire => ended,
            // The sender is dropped, never used.
            _ = dropped => match tokio::time::timeout(FAREWELL, wire).await {
                Ok(ended) => ended,
                Err(_) => return,
            },
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection to PostgreSQL ended");
        }
    });
    Connection { client, _held: held }
}
