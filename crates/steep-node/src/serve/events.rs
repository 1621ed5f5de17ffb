//! Events, for whoever subscribed.

use steep_ipc::{Failure, Response};
use steep_ipc_tokio::Replies;
use tokio_util::sync::CancellationToken;

use crate::watch::Watcher;

/// Tells a client of events until it hangs up or the daemon stops.
pub(super) async fn forward(
    watcher: &Watcher,
    replies: &Replies,
    stop: &CancellationToken,
) -> Result<Response, Failure> {
    let mut events = watcher.subscribe();
    loop {
        let event = tokio::select! {
            event = events.next() => event,
            () = replies.hung_up() => None,
            () = stop.cancelled() => None,
        };
        let Some(event) = event else { break };
        if replies.event(event).await.is_err() {
            break;
        }
    }
    Ok(Response::Message { message: "the daemon stops".to_owned() })
}
