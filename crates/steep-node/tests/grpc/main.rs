//! Daemons that talk to each other, and what else may call: real sockets, real certificates.
#![allow(clippy::unwrap_used, reason = "a test may end by a panic")]

mod answers;
mod calls;
mod certificates;
mod group;
mod hostile;
mod http2;
mod life;
mod raw;
mod renewal;
mod server;

use std::future::Future;
use std::time::Duration;

/// Far above what anything here takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(30);

/// The outcome, or a failed test.
async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(DEADLINE, future).await {
        Ok(value) => value,
        Err(_) => panic!("{what}: not within {DEADLINE:?}"),
    }
}
