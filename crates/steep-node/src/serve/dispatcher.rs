//! From requests to answers.

use std::sync::Arc;
use std::time::Instant;

use steep_ipc::{Failure, NodeStatus, Request, Response, Welcome};
use steep_ipc_tokio::{Call, Service};
use steep_pg::Pool;
use tokio_util::sync::CancellationToken;

use super::operations::{Context, Operations, ProgressSink};
use super::{conflicts, events, nodes, subscriptions};
use crate::watch::Watcher;

/// Answers the requests of local clients.
#[derive(Debug)]
pub struct Dispatcher<O> {
    watcher: Watcher,
    pool: Pool,
    operations: Arc<O>,
    started: Instant,
    stop: CancellationToken,
}

impl<O: Operations> Dispatcher<O> {
    /// Answers from what `watcher` knows and what `pool` leads to, and leaves the rest to
    /// `operations`. Subscriptions to events end when `stop` is cancelled.
    #[must_use]
    pub fn new(watcher: Watcher, pool: Pool, operations: Arc<O>, stop: CancellationToken) -> Self {
        Self { watcher, pool, operations, started: Instant::now(), stop }
    }

    /// Everything about this node.
    async fn status(&self) -> NodeStatus {
        let mut status = NodeStatus::clone(&self.watcher.snapshot().status);
        status.uptime_seconds = self.started.elapsed().as_secs();
        // A job that cannot be told is no reason to tell nothing.
        status.job = self.operations.job().await.unwrap_or_default();
        status
    }

    async fn answer(
        &self,
        request: Request,
        context: Context,
        call: &Call,
    ) -> Result<Response, Failure> {
        let (pool, caller) = (&self.pool, context.caller.clone());
        let message = |message| Response::Message { message };
        match request {
            Request::Status => Ok(Response::Status(self.status().await)),
            Request::Health => Ok(Response::Health(self.watcher.snapshot().status.health.clone())),
            Request::NodeList => Ok(Response::Nodes(nodes::list(&self.watcher.snapshot()))),
            Request::SubStatus => {
                Ok(Response::Subscriptions(subscriptions::status(&self.watcher.snapshot())))
            }
            Request::SlotStatus => {
                Ok(Response::Slots(subscriptions::slots(&self.watcher.snapshot())))
            }
            Request::SubEnable { peer } => {
                subscriptions::set_enabled(pool, &peer, true, &caller).await
            }
            Request::SubDisable { peer } => {
                subscriptions::set_enabled(pool, &peer, false, &caller).await
            }
            Request::ConflictList(filter) => conflicts::list(pool, filter).await,
            Request::ConflictShow { id } => conflicts::show(pool, id).await,
            Request::ConflictResolve(asked) => conflicts::resolve(pool, asked, &caller).await,
            Request::ConflictResolveBulk(asked) => {
                conflicts::resolve_bulk(pool, asked, &caller).await
            }
            Request::ConflictRevert { id, reason, dry_run } => {
                conflicts::revert(pool, id, reason.as_deref(), dry_run, &caller).await
            }
            Request::Subscribe => events::forward(&self.watcher, &call.replies, &self.stop).await,
            Request::Init(asked) => self.operations.init(asked, context).await.map(Response::Plan),
            Request::NodeAdd(asked) => {
                self.operations.node_add(asked, context).await.map(Response::Plan)
            }
            Request::NodeRemove(asked) => {
                self.operations.node_remove(asked, context).await.map(Response::Plan)
            }
            Request::TableAdd(asked) => {
                self.operations.table_add(asked, context).await.map(Response::Plan)
            }
            Request::TableRemove { tables } => {
                self.operations.table_remove(tables, context).await.map(Response::Plan)
            }
            Request::TableList => self.operations.table_list().await.map(Response::Tables),
            Request::RangeStatus => self.operations.range_status().await.map(Response::Ranges),
            Request::RangeHistory(asked) => {
                self.operations.range_history(asked).await.map(Response::RangeGrants)
            }
            Request::RangeAllocate(asked) => {
                self.operations.range_allocate(asked, context).await.map(Response::RangeGrants)
            }
            Request::RangeExpand { table, ids } => {
                self.operations.range_expand(table, ids, context).await.map(Response::RangeGrants)
            }
            Request::RangeRelease { table, start } => {
                let released = self.operations.range_release(table, start, context).await;
                released.map(Response::RangeGrants)
            }
            Request::RangeBypass(asked) => {
                self.operations.range_bypass(asked, context).await.map(message)
            }
            Request::Job => self.operations.job().await.map(Response::Job),
            Request::JobCancel => self.operations.job_cancel(context).await.map(message),
            Request::Pause => self.operations.pause(context).await.map(message),
            Request::Resume => self.operations.resume(context).await.map(message),
            other => {
                Err(Failure::misuse(format!("this daemon does not know the request {other:?}"))
                    .with_hint("use a client of the daemon's version"))
            }
        }
    }
}

/// Whether a request changes something that a status shows.
fn changes(request: &Request) -> bool {
    !matches!(
        request,
        Request::Status
            | Request::Health
            | Request::NodeList
            | Request::SubStatus
            | Request::SlotStatus
            | Request::ConflictList(_)
            | Request::ConflictShow { .. }
            | Request::Subscribe
            | Request::TableList
            | Request::RangeStatus
            | Request::RangeHistory(_)
            | Request::Job
    )
}

impl<O: Operations> Service for Dispatcher<O> {
    fn welcome(&self) -> Welcome {
        let status = self.watcher.snapshot().status;
        Welcome::new(&*status.daemon_version, status.node.clone())
    }

    async fn call(&self, call: Call) -> Result<Response, Failure> {
        let (request, replies) = (call.request.clone(), call.replies.clone());
        let context = Context {
            caller: call.caller.to_string(),
            progress: ProgressSink::new(move |progress| replies.progress(progress)),
        };
        let (is_change, caller) = (changes(&request), context.caller.clone());
        let answer = self.answer(request, context, &call).await;
        if is_change {
            self.watcher.look_now().await;
        }
        if let Err(failure) = &answer {
            tracing::info!(caller, class = ?failure.class, "a request failed: {}", failure.for_log());
        }
        answer
    }
}
