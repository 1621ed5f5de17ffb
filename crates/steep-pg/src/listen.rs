//! Notifications, over a connection that comes back by itself.

use std::future::poll_fn;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_postgres::AsyncMessage;

use crate::{Backoff, PgError, Server};

/// How many notices wait for a slow reader; then PostgreSQL keeps them, in its own queue.
const WAITING: usize = 256;

/// What a [`Listener`] has to say.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// It listens from now on. What was sent before, it has missed: look for yourself.
    Listening,
    /// A notification.
    Notification {
        /// Its channel.
        channel: String,
        /// Its payload.
        payload: String,
    },
    /// The connection is lost, for this reason; it is being opened again.
    Lost(String),
}

/// A connection of its own that listens, and is opened again with growing waits when it is lost.
///
/// Dropping it closes the connection.
#[derive(Debug)]
pub struct Listener {
    notices: mpsc::Receiver<Notice>,
    task: JoinHandle<()>,
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Listener {
    /// Starts to listen on these channels; returns at once.
    #[must_use]
    pub fn start(server: &Server, channels: &[&str]) -> Self {
        let (say, notices) = mpsc::channel(WAITING);
        let server = server.with_application_name("steep-repl listener");
        let listen: String = channels
            .iter()
            .map(|channel| format!("listen \"{}\";", channel.replace('"', "\"\"")))
            .collect();
        let task = tokio::spawn(async move {
            let mut backoff = Backoff::new(Duration::from_millis(250), Duration::from_secs(15));
            while !say.is_closed() {
                let lost = once(&server, &listen, &say, &mut backoff).await;
                let reason = lost.map_or_else(|error| error.to_string(), |()| "closed".to_owned());
                tracing::debug!(reason, "the connection that listens is lost");
                if say.send(Notice::Lost(reason)).await.is_err() {
                    return;
                }
                tokio::time::sleep(backoff.next_wait()).await;
            }
        });
        Self { notices, task }
    }

    /// The next notice.
    ///
    /// # Cancel safety
    /// A call that is dropped loses nothing.
    pub async fn next(&mut self) -> Notice {
        match self.notices.recv().await {
            Some(notice) => notice,
            // The task ends only with its runtime.
            None => std::future::pending().await,
        }
    }
}

async fn once(
    server: &Server,
    listen: &str,
    say: &mpsc::Sender<Notice>,
    backoff: &mut Backoff,
) -> Result<(), PgError> {
    let (client, mut wire) = server.wire().await?;
    let listening = client.batch_execute(listen);
    tokio::pin!(listening);
    let mut is_listening = false;
    loop {
        tokio::select! {
            done = &mut listening, if !is_listening => {
                done?;
                is_listening = true;
                backoff.reset();
                if say.send(Notice::Listening).await.is_err() {
                    return Ok(());
                }
            }
            message = poll_fn(|cx| wire.poll_message(cx)) => match message {
                None => return Ok(()),
                Some(Err(error)) => return Err(error.into()),
                Some(Ok(AsyncMessage::Notification(sent))) => {
                    let (channel, payload) = (sent.channel().to_owned(), sent.payload().to_owned());
                    if say.send(Notice::Notification { channel, payload }).await.is_err() {
                        return Ok(());
                    }
                }
                Some(Ok(_)) => {}
            }
        }
    }
}
