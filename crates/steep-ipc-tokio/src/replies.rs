//! What a service tells a client before the answer.

use steep_ipc::{Event, Progress, Reply};
use tokio::sync::mpsc;

/// How many replies wait for a slow client: more would only be older.
pub(crate) const WAITING: usize = 16;

/// The way to the client while its request is worked on.
#[derive(Debug, Clone)]
pub struct Replies {
    sender: mpsc::Sender<Reply>,
}

/// Nobody waits for the answer any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("client hung up")]
pub struct HungUp;

impl Replies {
    pub(crate) fn new() -> (Self, mpsc::Receiver<Reply>) {
        let (sender, receiver) = mpsc::channel(WAITING);
        (Self { sender }, receiver)
    }

    /// Tells how far the command is. Never waits: what a slow client has no room for is left out,
    /// as the next progress says more.
    pub fn progress(&self, progress: Progress) {
        // Full or closed: see above.
        let _ = self.sender.try_send(Reply::Progress(progress));
    }

    /// Tells of an event, and waits for room.
    ///
    /// # Errors
    /// When the client hung up.
    pub async fn event(&self, event: Event) -> Result<(), HungUp> {
        self.sender.send(Reply::Event(event)).await.map_err(|_| HungUp)
    }

    /// Ends when the client hangs up, at once if it has. A service that waits for something else
    /// than its own work (events, a lock) waits for this as well.
    pub async fn hung_up(&self) {
        self.sender.closed().await;
    }

    /// Whether the client has hung up.
    #[must_use]
    pub fn is_hung_up(&self) -> bool {
        self.sender.is_closed()
    }
}
