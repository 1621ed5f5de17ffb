//! What other daemons get of this one, and what it does for them by itself.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use steep_config::Config;
use steep_ipc::Level;
use steep_node::grpc::{self, Security};
use steep_node::operations::{GroupOperations, Service};
use steep_node::watch::Watcher;
use steep_proto::{HealthResponse, PROTOCOL};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::error::Error;

/// Time from one look at what is left to do for the group to the next.
const TENDING: Duration = Duration::from_secs(10);

/// Serves peers until `stop` is cancelled.
pub(super) async fn serve(
    config: &Config,
    security: Security,
    operations: GroupOperations,
    watcher: Watcher,
    tasks: &TaskTracker,
    stop: CancellationToken,
) -> Result<(), Error> {
    let address = config.grpc.listen;
    let listener = TcpListener::bind(address).await;
    let listener = listener.map_err(|source| Error::Grpc { address, source })?;
    let node = operations.member().endpoint().node.clone();
    let service = Arc::new(Service::new(operations, move || health(&watcher, &node)));
    tasks.spawn(async move {
        if let Err(error) = grpc::serve(listener, security, service, stop).await {
            tracing::error!(%error, "peers are not served any more");
        }
    });
    Ok(())
}

fn health(watcher: &Watcher, node: &str) -> HealthResponse {
    let snapshot = watcher.snapshot();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
    let status = match snapshot.status.health.status {
        Level::Ok => "ok",
        Level::Warning => "warning",
        Level::Critical => "critical",
    };
    HealthResponse {
        protocol: PROTOCOL,
        node_id: node.to_owned(),
        status: status.to_owned(),
        answered_at_us: i64::try_from(now).unwrap_or(i64::MAX),
        postgres_reachable: snapshot.is_postgres_reachable,
    }
}

/// Finishes for the group what was left undone, again and again until `stop` is cancelled.
pub(super) async fn tend(operations: GroupOperations, watcher: Watcher, stop: CancellationToken) {
    let mut tick = tokio::time::interval(TENDING);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while stop.run_until_cancelled(tick.tick()).await.is_some() {
        if !watcher.snapshot().is_postgres_reachable {
            continue;
        }
        if let Err(error) = operations.tend().await {
            tracing::debug!(%error, "what is left to do for the group has to wait");
        }
    }
}
