//! This node's part in its group: what it answers to other daemons, and what it does by itself.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use steep_config::{Config, PostgresTlsMode};
use steep_ipc::Level;
use steep_node::grpc::{self, Security};
use steep_node::join::Programs;
use steep_node::links::Tender;
use steep_node::member::{Endpoint, Member};
use steep_node::operations::{ConfiguredPolicy, GroupOperations, GrpcPeers, Parts, Service};
use steep_node::ranges::{RangeBoard, RangePolicy, Reachable};
use steep_node::tables::Pattern;
use steep_node::watch::Watcher;
use steep_node::{PeerTls, Routes};
use steep_pg::Server;
use steep_proto::{HealthResponse, PROTOCOL};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::error::Error;

/// Between two looks for work that was cut off, or that others have missed.
const TENDING: Duration = Duration::from_secs(10);

/// What this node does in its group.
pub(super) fn operations(
    config: &Config,
    node: &str,
    server: &Server,
    security: Option<Security>,
    watcher: &Watcher,
    board: RangeBoard,
) -> Result<GroupOperations, Error> {
    let (include, exclude) = patterns(config)?;
    let parts = Parts {
        member: Member::new(server.clone(), endpoint(config, node))
            .with_routes(Routes::of(&config.topology))
            .with_peer_tls(PeerTls::of(&config.postgres))
            .with_range_policy(RangePolicy::new(&config.identity_ranges)),
        peers: GrpcPeers::new(security, node),
        programs: Programs::new(config.postgres.bin_dir.clone()),
        scratch: scratch(config),
        policy: ConfiguredPolicy::new(&config.conflicts),
        include,
        exclude,
        reachable: reachable(watcher.clone()),
        board,
    };
    Ok(GroupOperations::new(parts))
}

/// Which tables are to replicate, and which are not.
pub(super) fn patterns(config: &Config) -> Result<(Vec<Pattern>, Vec<Pattern>), Error> {
    let parsed = |texts: &[String]| -> Result<Vec<Pattern>, Error> {
        texts.iter().map(|text| text.parse().map_err(Error::Pattern)).collect()
    };
    Ok((parsed(&config.tables.include)?, parsed(&config.tables.exclude)?))
}

/// Peers whose daemons answered the last time they were asked, and reach their PostgreSQL.
fn reachable(watcher: Watcher) -> Reachable {
    Reachable::new(move || {
        let links = watcher.snapshot().links;
        let answers = links.peers.iter().filter(|(_, health)| {
            let has_server = health.answer.as_ref().is_some_and(|answer| answer.postgres_reachable);
            health.is_reachable && has_server
        });
        answers.map(|(node, _)| node.clone()).collect()
    })
}

/// A join's files hold a schema, no rows.
fn scratch(config: &Config) -> PathBuf {
    config.data_dir.clone()
}

/// How the others reach this node, as far as the configuration does not say it.
fn endpoint(config: &Config, node: &str) -> Endpoint {
    let (postgres, own) = (&config.postgres, &config.topology.this_node);
    // A socket cannot be reached from elsewhere.
    let reached = if postgres.host.starts_with('/') { "localhost" } else { &postgres.host };
    let host = own.host.clone().unwrap_or_else(|| reached.to_owned());
    Endpoint {
        node: node.to_owned(),
        priority: own.priority.get(),
        postgres_port: own.port.unwrap_or(postgres.port),
        grpc_host: own.grpc_host.clone().unwrap_or_else(|| host.clone()),
        grpc_port: own.grpc_port.unwrap_or(config.grpc.listen.port()),
        postgres_host: host,
        sslmode: match postgres.tls.mode {
            PostgresTlsMode::Disable => "disable",
            PostgresTlsMode::Prefer => "prefer",
            // Which authority a peer trusts is the peer's own matter.
            _ => "require",
        }
        .to_owned(),
    }
}

/// Listens for other daemons, until `stop`.
pub(super) async fn serve(
    config: &Config,
    security: Security,
    operations: GroupOperations,
    watcher: Watcher,
    stop: CancellationToken,
) -> Result<impl Future<Output = ()> + use<>, Error> {
    let address = config.grpc.listen;
    let listener = TcpListener::bind(address).await.map_err(|source| Error::Listen {
        what: "other daemons (gRPC)",
        address,
        source,
    })?;
    let node = operations.member().endpoint().node.clone();
    let service = Service::new(operations, move || health(&node, &watcher));
    Ok(async move {
        if let Err(error) = grpc::serve(listener, security, Arc::new(service), stop).await {
            tracing::error!(%error, "other daemons are not served any more");
        }
    })
}

/// From memory: also while PostgreSQL is away.
fn health(node: &str, watcher: &Watcher) -> HealthResponse {
    let snapshot = watcher.snapshot();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    HealthResponse {
        protocol: PROTOCOL,
        node_id: node.to_owned(),
        status: match snapshot.status.health.status {
            Level::Ok => "ok",
            Level::Warning => "warning",
            Level::Critical => "critical",
        }
        .to_owned(),
        answered_at_us: i64::try_from(now.as_micros()).unwrap_or(i64::MAX),
        postgres_reachable: snapshot.is_postgres_reachable,
    }
}

/// Looks after the ways to the peers, until `stop`.
pub(super) async fn links(
    mut tender: Tender,
    operations: GroupOperations,
    watcher: Watcher,
    stop: CancellationToken,
) {
    loop {
        // A job may be about to tie or to cut the very links.
        if !operations.is_busy() {
            let snapshot = watcher.snapshot();
            match tender.tend(&snapshot.status).await {
                Ok(repaired) => {
                    for done in repaired {
                        let (peer, subscription) = (&done.peer, &done.subscription);
                        tracing::info!(peer, subscription, kind = "repaired", "{}", done.message);
                        watcher.tell("repaired", subscription, done.message);
                    }
                }
                // The watch tells why.
                Err(error) => {
                    tracing::debug!(error = error.for_log(), "the links are looked after later");
                }
            }
        }
        tokio::select! {
            () = tokio::time::sleep(TENDING) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Ends what was cut off, and tells others what they have missed, until `stop`.
pub(super) async fn tend(operations: GroupOperations, stop: CancellationToken) {
    let mut last = String::new();
    loop {
        match operations.tend().await {
            Ok(()) => last.clear(),
            Err(error) => {
                // Once for each cause: the next look says the same.
                let said = error.for_log();
                if said != last {
                    tracing::warn!(error = said, "unfinished work of the group stays unfinished");
                    last = said;
                }
            }
        }
        tokio::select! {
            () = tokio::time::sleep(TENDING) => {}
            () = stop.cancelled() => return,
        }
    }
}
