//! The loop that looks, judges, repairs and tells.

mod log;
mod look;
mod publish;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use steep_ipc::Event;
use steep_pg::{Listener, Notice, Pool, Server};
use tokio::sync::{Notify, broadcast, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::look::Eye;
use self::publish::Publisher;
use super::events;
use super::peers::{self, AskPeer};
use super::settings::Settings;
use super::snapshot::Snapshot;
use crate::words::counted;

/// How many events a slow reader may be behind before it loses the oldest.
const EVENTS: usize = 256;
/// The channel on which anybody may wake the watch: `notify steep_repl`.
const CHANNEL: &str = "steep_repl";

/// Who watches: the way to what is known. Cheap to clone.
#[derive(Clone)]
pub struct Watcher {
    snapshot: watch::Receiver<Snapshot>,
    events: broadcast::Sender<Event>,
    wake: Arc<Notify>,
    begun: Arc<AtomicU64>,
}

impl std::fmt::Debug for Watcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watcher").finish_non_exhaustive()
    }
}

impl Watcher {
    /// Starts to watch, in tasks of `tasks`, until `stop` is cancelled. Returns at once: the first
    /// look is still to come.
    #[must_use]
    pub fn start(
        settings: Settings,
        server: &Server,
        pool: Pool,
        ask: Arc<dyn AskPeer>,
        tasks: &TaskTracker,
        stop: CancellationToken,
    ) -> Self {
        let (events, _) = broadcast::channel(EVENTS);
        let wake = Arc::new(Notify::new());
        let begun = Arc::new(AtomicU64::new(0));
        let (peers, asked) = watch::channel(Vec::new());
        let (health, answers) = watch::channel(BTreeMap::new());
        tasks.spawn(until(stop.clone(), peers::run(settings.clone(), ask, asked, health)));
        tasks.spawn(until(stop.clone(), listen(server.clone(), Arc::clone(&wake))));
        let (publisher, snapshot) = Publisher::new(settings.clone(), pool, events.clone(), peers);
        let eye = Eye::new(settings, server.clone());
        tasks.spawn(look::run(
            eye,
            publisher,
            answers,
            Arc::clone(&wake),
            Arc::clone(&begun),
            stop,
        ));
        Self { snapshot, events, wake, begun }
    }

    /// What is known right now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.snapshot.borrow().clone()
    }

    /// The same, for whoever waits for a change.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<Snapshot> {
        self.snapshot.clone()
    }

    /// Events from now on.
    #[must_use]
    pub fn subscribe(&self) -> Subscriber {
        Subscriber { events: self.events.subscribe() }
    }

    /// Tells of something that happened elsewhere: `job_started`, `job_ended`.
    pub fn tell(&self, kind: &str, subject: &str, message: impl Into<String>) {
        let event = events::event(&super::now_rfc3339(), kind, subject, message.into());
        // Nobody has subscribed: nobody is told.
        let _ = self.events.send(event);
    }

    /// Looks at once, and comes back when a look that began after the call is done. For whoever has
    /// just changed something.
    pub async fn look_now(&self) {
        let begun = self.begun.load(Ordering::SeqCst);
        self.wake.notify_one();
        let mut snapshot = self.snapshot.clone();
        // The watch has ended: there will be no other look.
        let _ = snapshot.wait_for(|snapshot| snapshot.looks > begun).await;
    }
}

/// Who is told of events.
#[derive(Debug)]
pub struct Subscriber {
    events: broadcast::Receiver<Event>,
}

impl Subscriber {
    /// The next event; `lost` if some were left out because this reader was too slow. None when the
    /// watch has ended.
    ///
    /// # Cancel safety
    /// A call that is dropped loses nothing.
    pub async fn next(&mut self) -> Option<Event> {
        match self.events.recv().await {
            Ok(event) => Some(event),
            Err(broadcast::error::RecvError::Lagged(count)) => {
                let message = format!("left out: {}", counted(count, "event"));
                Some(events::event(&super::now_rfc3339(), "lost", "events", message))
            }
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}

/// Wakes the watch when somebody asks for it, and when the connection that listens is lost: so the
/// loss of PostgreSQL is seen at once and not at the next look.
async fn listen(server: Server, wake: Arc<Notify>) {
    let mut listener = Listener::start(&server, &[CHANNEL]);
    let mut is_listening = false;
    loop {
        let notice = listener.next().await;
        let was_listening =
            std::mem::replace(&mut is_listening, !matches!(notice, Notice::Lost(_)));
        if is_listening || was_listening {
            wake.notify_one();
        }
    }
}

async fn until(stop: CancellationToken, work: impl Future<Output = ()>) {
    let _ = stop.run_until_cancelled(work).await;
}
