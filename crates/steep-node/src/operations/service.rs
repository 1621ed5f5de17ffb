//! What this node answers to the other daemons.

use std::fmt;
use std::future::Future;

use futures_util::StreamExt;
use steep_ipc::{Failure, FailureClass};
use steep_proto::join_progress::Body;
use steep_proto::{
    AbortJoinRequest, AbortJoinResponse, CancelJoinRequest, CancelJoinResponse, ChangeTableRequest,
    ChangeTableResponse, CompleteJoinRequest, CompleteJoinResponse, DescribeRequest,
    ForgetNodeRequest, ForgetNodeResponse, HealthRequest, HealthResponse, JoinProgress,
    JoinRequest, ManageRangesRequest, ManageRangesResponse, NodeDescription, PrepareJoinRequest,
    PrepareJoinResponse, RangeRequest, RangeResponse, TellRangesRequest, TellRangesResponse,
};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use super::{GroupOperations, Started, remove};
use crate::error::NodeError;
use crate::grpc::{JoinStream, NodeService, Peer, async_trait};
use crate::join::Address;

/// Answers that wait for a slow listener; a listener that is slower misses some.
const TOLD_AT_ONCE: usize = 16;

/// The answers of this node.
pub struct Service {
    operations: GroupOperations,
    health: Box<dyn Fn() -> HealthResponse + Send + Sync>,
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("operations", &self.operations).finish_non_exhaustive()
    }
}

impl Service {
    /// The answers of a node; `health` says how it is, from memory.
    pub fn new(
        operations: GroupOperations,
        health: impl Fn() -> HealthResponse + Send + Sync + 'static,
    ) -> Self {
        Self { operations, health: Box::new(health) }
    }

    /// Only a member may do this to the group.
    async fn require_member(&self, peer: &Peer) -> Result<(), Failure> {
        let client = self.operations.member().connect().await?;
        let known = remove::nodes(&client, self.operations.member().routes()).await?;
        if known.iter().any(|known| known.node == peer.node) {
            return Ok(());
        }
        Err(Failure {
            class: FailureClass::Operator,
            message: format!(
                "node {} {} {}",
                peer.node,
                remove::NO_MEMBER,
                self.operations.member().endpoint().node
            ),
            hint: Some("it was removed, or never joined: see steep-replctl node list".to_owned()),
            summary: None,
        })
    }
}

/// Nobody may do this to another node than itself.
fn require_self(peer: &Peer, node: &str) -> Result<(), Failure> {
    if peer.node == node {
        return Ok(());
    }
    Err(Failure {
        class: FailureClass::Operator,
        message: format!("node {} may not speak for node {node}", peer.node),
        hint: None,
        summary: None,
    })
}

/// Does it whether or not the caller waits for the answer.
async fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, NodeError>> + Send + 'static,
) -> Result<T, Failure> {
    match tokio::spawn(work).await {
        Ok(result) => Ok(result?),
        Err(error) => Err(Failure {
            class: FailureClass::Bug,
            message: format!("the answer ended by itself: {error}"),
            hint: None,
            summary: None,
        }),
    }
}

#[async_trait]
impl NodeService for Service {
    async fn health_check(&self, _: Peer, _: HealthRequest) -> Result<HealthResponse, Failure> {
        Ok((self.health)())
    }

    async fn describe(&self, _: Peer, _: DescribeRequest) -> Result<NodeDescription, Failure> {
        Ok(self.operations.member().describe().await?)
    }

    async fn join(&self, peer: Peer, request: JoinRequest) -> Result<JoinStream, Failure> {
        let port = u16::try_from(request.source_port).unwrap_or_default();
        let said = Address { host: request.source_host, port };
        let source = self.operations.member().routes().daemon(&peer.node, said);
        let jobs = match request.jobs {
            0 => std::thread::available_parallelism().map_or(2, usize::from).min(8),
            jobs => (jobs as usize).min(64),
        };
        tracing::info!(peer = %peer.node, %source, "asked to join a group");
        let started = self.operations.start_join(&peer.node, source, jobs, request.dry_run)?;
        let (told, tells) = mpsc::channel(TOLD_AT_ONCE);
        let teller = AbortOnDropHandle::new(tokio::spawn(tell(started, told)));
        let stream = futures_util::stream::unfold((tells, teller), |(mut tells, teller)| async {
            tells.recv().await.map(|word| (word, (tells, teller)))
        });
        Ok(stream.boxed())
    }

    async fn cancel_join(
        &self,
        peer: Peer,
        _: CancelJoinRequest,
    ) -> Result<CancelJoinResponse, Failure> {
        tracing::info!(peer = %peer.node, "asked to stop joining");
        Ok(CancelJoinResponse { was_running: self.operations.cancel_job_of(&peer.node)? })
    }

    async fn prepare_join(
        &self,
        peer: Peer,
        request: PrepareJoinRequest,
    ) -> Result<PrepareJoinResponse, Failure> {
        let joiner = request.joiner.as_ref().map(|joiner| joiner.node_name.clone());
        require_self(&peer, &joiner.unwrap_or_default())?;
        let operations = self.operations.clone();
        to_its_end(async move { operations.member().prepare(&request).await }).await
    }

    async fn complete_join(
        &self,
        peer: Peer,
        request: CompleteJoinRequest,
    ) -> Result<CompleteJoinResponse, Failure> {
        require_self(&peer, &request.node_id)?;
        let operations = self.operations.clone();
        to_its_end(async move { operations.member().complete(&request).await }).await?;
        Ok(CompleteJoinResponse {})
    }

    async fn abort_join(
        &self,
        peer: Peer,
        request: AbortJoinRequest,
    ) -> Result<AbortJoinResponse, Failure> {
        require_self(&peer, &request.node_id)?;
        let operations = self.operations.clone();
        let done = to_its_end(async move {
            operations.member().forget(&request.node_id, Some(&request.join_id)).await
        });
        done.await?;
        Ok(AbortJoinResponse {})
    }

    async fn forget_node(
        &self,
        peer: Peer,
        request: ForgetNodeRequest,
    ) -> Result<ForgetNodeResponse, Failure> {
        self.require_member(&peer).await?;
        let operations = self.operations.clone();
        let done = to_its_end(async move {
            let member = operations.member();
            if request.node_id == member.endpoint().node {
                member.leave(request.force).await
            } else {
                member.forget(&request.node_id, None).await
            }
        });
        Ok(ForgetNodeResponse { done: done.await? })
    }

    async fn change_table(
        &self,
        peer: Peer,
        request: ChangeTableRequest,
    ) -> Result<ChangeTableResponse, Failure> {
        self.require_member(&peer).await?;
        let operations = self.operations.clone();
        to_its_end(async move { operations.change_table_here(&request).await }).await
    }

    async fn allocate_range(
        &self,
        peer: Peer,
        request: RangeRequest,
    ) -> Result<RangeResponse, Failure> {
        self.require_member(&peer).await?;
        let operations = self.operations.clone();
        // Whose certificate it is holds the range, whatever the request says.
        to_its_end(async move { operations.grant_range(&peer.node, &request).await }).await
    }

    async fn manage_ranges(
        &self,
        peer: Peer,
        request: ManageRangesRequest,
    ) -> Result<ManageRangesResponse, Failure> {
        self.require_member(&peer).await?;
        let operations = self.operations.clone();
        to_its_end(async move { operations.manage_ranges_here(&request).await }).await
    }

    async fn tell_ranges(
        &self,
        peer: Peer,
        request: TellRangesRequest,
    ) -> Result<TellRangesResponse, Failure> {
        self.require_member(&peer).await?;
        let operations = self.operations.clone();
        to_its_end(async move { operations.member().tell_ranges(&peer.node, &request).await }).await
    }
}

/// Tells whoever asked how far the job is, and how it ended.
async fn tell(started: Started, told: mpsc::Sender<JoinProgress>) {
    let word = |body: Body| JoinProgress { body: Some(body) };
    let progress = |progress| {
        let text = serde_json::to_string(&progress).unwrap_or_default();
        // Whoever does not keep up gets the next one.
        let _ = told.try_send(word(Body::Progress(text)));
    };
    let last = match started.follow(&progress).await {
        Ok(plan) => Body::Plan(serde_json::to_string(&plan).unwrap_or_default()),
        Err(failure) => Body::Failure(serde_json::to_string(&failure).unwrap_or_default()),
    };
    let _ = told.send(word(last)).await;
}
