//! Everything a daemon does, put together.

use std::sync::Arc;
use std::time::Duration;

use steep_config::Config;
use steep_ipc::Exit;
use steep_ipc_tokio::{Endpoint, Limits, Listener};
use steep_node::http;
use steep_node::links::Tender;
use steep_node::serve::Dispatcher;
use steep_node::watch::{Daemons, Settings, Watcher};
use steep_pg::{Pool, Server};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::nameless::Nameless;
use super::{group, security};
use crate::error::Error;
use crate::platform::Signals;

/// How long the watch may take to end, after everything that it serves has ended.
const LAST_LOOK: Duration = Duration::from_secs(2);

/// Runs until a signal ends it.
pub(super) async fn run(
    config: &Config,
    server: Server,
    endpoint: &Endpoint,
) -> Result<Exit, Error> {
    let caught = Signals::catch();
    let mut signals =
        caught.map_err(|source| Error::System { what: "cannot catch signals", source })?;
    // Before anything is started: what cannot be listened on is found out at once.
    let listener = Listener::bind(endpoint, Limits::default())?;
    let security = security::of(config)?;
    if security.is_none() {
        tracing::warn!(
            "no certificates are configured (replication.grpc.tls): peers cannot be asked; \
             make them with `steep-replctl tls init`"
        );
    }
    let pool = Pool::new(&server, usize::from(config.postgres.pool_size))?;
    let mut settings = Settings::new(config, env!("CARGO_PKG_VERSION"));
    settings.certificates = security::certificates(security.as_ref());
    let links = settings.links.clone();
    let ranges = settings.ranges.clone();

    // Served: what clients wait for. Watched: what those answers are made of, which ends last.
    let (served, watched) = (TaskTracker::new(), TaskTracker::new());
    let (stop, end) = (CancellationToken::new(), CancellationToken::new());
    let ask = Arc::new(Daemons::new(security.clone()));
    let watcher = Watcher::start(settings, &server, pool.clone(), ask, &watched, end.clone());
    let http = http::serve(
        config.http.listen,
        watcher.clone(),
        http::Limits::default(),
        &served,
        stop.clone(),
    );
    let http = http.await?;
    match &config.topology.this_node.name {
        Some(node) => {
            let operations = group::operations(
                config,
                node.as_str(),
                &server,
                security.clone(),
                &watcher,
                ranges,
            )?;
            if let Some(security) = security {
                let (operations, watcher) = (operations.clone(), watcher.clone());
                let stop = stop.clone();
                let peers = group::serve(config, security, operations, watcher, stop).await?;
                served.spawn(peers);
            }
            served.spawn(group::tend(operations.clone(), stop.clone()));
            let tender = Tender::new(operations.member().clone(), links);
            served.spawn(group::links(tender, operations.clone(), watcher.clone(), stop.clone()));
            served.spawn(operations.clone().keep_ranges(stop.clone()));
            let dispatcher =
                Dispatcher::new(watcher, pool.clone(), Arc::new(operations), stop.clone());
            served.spawn(listener.serve(Arc::new(dispatcher), stop.clone()));
        }
        None => {
            tracing::warn!(
                "this node has no name (replication.topology.this_node.name): it only watches"
            );
            let dispatcher =
                Dispatcher::new(watcher, pool.clone(), Arc::new(Nameless), stop.clone());
            served.spawn(listener.serve(Arc::new(dispatcher), stop.clone()));
        }
    }
    served.close();
    watched.close();
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"), pid = std::process::id(), ipc = %endpoint, %http,
        postgres = server.settings().place(), "steep-repl runs"
    );

    let signal = signals.next().await;
    let patience = config.watch.shutdown_timeout;
    tracing::info!(signal, "steep-repl stops when what is in flight is finished");
    stop.cancel();
    let exit = tokio::select! {
        finished = tokio::time::timeout(patience, served.wait()) => match finished {
            Ok(()) => Exit::Done,
            Err(_) => {
                tracing::warn!(?patience, "not everything was finished in time");
                Exit::Unreachable
            }
        },
        signal = signals.next() => {
            tracing::warn!(signal, "steep-repl stops at once");
            return Ok(Exit::Unreachable);
        }
    };
    end.cancel();
    let _ = tokio::time::timeout(LAST_LOOK, watched.wait()).await;
    pool.close();
    tracing::info!("steep-repl has stopped");
    Ok(exit)
}
