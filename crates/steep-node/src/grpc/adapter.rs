//! From the generated service to [`NodeService`].

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::Stream;
use steep_ipc::{Failure, FailureClass};
use steep_proto::steep_replication_server::SteepReplication;
use steep_proto::{
    AbortJoinRequest, AbortJoinResponse, CancelJoinRequest, CancelJoinResponse, ChangeTableRequest,
    ChangeTableResponse, CompleteJoinRequest, CompleteJoinResponse, ConflictAck,
    ConflictNotification, DdlAck, DdlNotification, DescribeRequest, ForgetNodeRequest,
    ForgetNodeResponse, HealthRequest, HealthResponse, JoinProgress, JoinRequest,
    ManageRangesRequest, ManageRangesResponse, NodeDescription, PrepareJoinRequest,
    PrepareJoinResponse, ProposeRequest, ProposeResponse, RangeRequest, RangeResponse,
    TellRangesRequest, TellRangesResponse,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::{Code, Request, Response, Status};

use super::rules::admit;
use super::{JoinStream, Limits, NodeService, Rpc, failure};

/// The service that tonic serves: rules and deadlines around a [`NodeService`].
pub(super) struct Adapter {
    service: Arc<dyn NodeService>,
    streams: Arc<Semaphore>,
    longest_call: Duration,
}

impl Adapter {
    pub(super) fn new(service: Arc<dyn NodeService>, limits: &Limits) -> Self {
        let streams = Arc::new(Semaphore::new(limits.streams));
        Self { service, streams, longest_call: limits.longest_call }
    }

    /// The answer, or the end of the patience.
    async fn answer<T>(
        &self,
        rpc: Rpc,
        call: impl Future<Output = Result<T, Failure>>,
    ) -> Result<Response<T>, Status> {
        let deadline = rpc.deadline().min(self.longest_call);
        match tokio::time::timeout(deadline, call).await {
            Ok(Ok(value)) => Ok(Response::new(value)),
            Ok(Err(failed)) => {
                tracing::debug!(rpc = rpc.name(), message = failed.for_log(), "call failed");
                Err(failure::to_status(&failed))
            }
            Err(_) => {
                let message = format!("{} took longer than {deadline:?}", rpc.name());
                let failed =
                    Failure { class: FailureClass::Transient, message, hint: None, summary: None };
                Err(failure::with_code(Code::DeadlineExceeded, &failed))
            }
        }
    }
}

/// The answer of a method whose feature does not exist yet.
fn missing<T>(rpc: Rpc, feature: &str) -> Result<Response<T>, Status> {
    let failure = Failure {
        class: FailureClass::Peer,
        message: format!("{}: {feature} is not part of this version", rpc.name()),
        hint: Some("update steep-repl on this node".to_owned()),
        summary: None,
    };
    Err(failure::with_code(Code::Unimplemented, &failure))
}

/// The rules, then the node.
macro_rules! forward {
    ($self:ident, $rpc:ident, $request:ident, $protocol:expr, $claim:expr, $method:ident) => {{
        let peer = admit(&$request, $protocol, $claim).map_err(|status| *status)?;
        $self.answer(Rpc::$rpc, $self.service.$method(peer, $request.into_inner())).await
    }};
}

#[tonic::async_trait]
impl SteepReplication for Adapter {
    type JoinStream = ProgressStream;

    async fn health_check(
        &self,
        request: Request<HealthRequest>,
    ) -> Result<Response<HealthResponse>, Status> {
        let (protocol, claim) = (request.get_ref().protocol, request.get_ref().node_id.as_str());
        forward!(self, HealthCheck, request, Some(protocol), Some(claim), health_check)
    }

    async fn describe(
        &self,
        request: Request<DescribeRequest>,
    ) -> Result<Response<NodeDescription>, Status> {
        let (protocol, claim) = (request.get_ref().protocol, request.get_ref().node_id.as_str());
        forward!(self, Describe, request, Some(protocol), Some(claim), describe)
    }

    async fn join(
        &self,
        request: Request<JoinRequest>,
    ) -> Result<Response<Self::JoinStream>, Status> {
        let protocol = request.get_ref().protocol;
        let peer = admit(&request, Some(protocol), None).map_err(|status| *status)?;
        let permit = self.streams.clone().try_acquire_owned().map_err(|_| too_many_streams())?;
        let begun = self.answer(Rpc::Join, self.service.join(peer, request.into_inner())).await?;
        Ok(begun.map(|items| ProgressStream { items, _permit: permit }))
    }

    async fn cancel_join(
        &self,
        request: Request<CancelJoinRequest>,
    ) -> Result<Response<CancelJoinResponse>, Status> {
        forward!(self, CancelJoin, request, None, None, cancel_join)
    }

    async fn prepare_join(
        &self,
        request: Request<PrepareJoinRequest>,
    ) -> Result<Response<PrepareJoinResponse>, Status> {
        let joiner = request.get_ref().joiner.as_ref();
        // A description begins with its protocol; one that was left out is no claim.
        let protocol = joiner.map(|node| node.protocol);
        let claim = joiner.map(|node| node.node_id.as_str());
        forward!(self, PrepareJoin, request, protocol, claim, prepare_join)
    }

    async fn complete_join(
        &self,
        request: Request<CompleteJoinRequest>,
    ) -> Result<Response<CompleteJoinResponse>, Status> {
        let claim = Some(request.get_ref().node_id.as_str());
        forward!(self, CompleteJoin, request, None, claim, complete_join)
    }

    async fn abort_join(
        &self,
        request: Request<AbortJoinRequest>,
    ) -> Result<Response<AbortJoinResponse>, Status> {
        forward!(self, AbortJoin, request, None, None, abort_join)
    }

    async fn forget_node(
        &self,
        request: Request<ForgetNodeRequest>,
    ) -> Result<Response<ForgetNodeResponse>, Status> {
        forward!(self, ForgetNode, request, None, None, forget_node)
    }

    async fn change_table(
        &self,
        request: Request<ChangeTableRequest>,
    ) -> Result<Response<ChangeTableResponse>, Status> {
        forward!(self, ChangeTable, request, None, None, change_table)
    }

    async fn propose_coordinator(
        &self,
        request: Request<ProposeRequest>,
    ) -> Result<Response<ProposeResponse>, Status> {
        let claim = Some(request.get_ref().candidate.as_str());
        admit(&request, None, claim).map_err(|status| *status)?;
        missing(Rpc::ProposeCoordinator, "electing a coordinator")
    }

    async fn allocate_range(
        &self,
        request: Request<RangeRequest>,
    ) -> Result<Response<RangeResponse>, Status> {
        let claim = Some(request.get_ref().node_id.as_str());
        forward!(self, AllocateRange, request, None, claim, allocate_range)
    }

    async fn manage_ranges(
        &self,
        request: Request<ManageRangesRequest>,
    ) -> Result<Response<ManageRangesResponse>, Status> {
        forward!(self, ManageRanges, request, None, None, manage_ranges)
    }

    async fn tell_ranges(
        &self,
        request: Request<TellRangesRequest>,
    ) -> Result<Response<TellRangesResponse>, Status> {
        let claim = Some(request.get_ref().node_id.as_str());
        forward!(self, TellRanges, request, None, claim, tell_ranges)
    }

    async fn propagate_conflict(
        &self,
        request: Request<ConflictNotification>,
    ) -> Result<Response<ConflictAck>, Status> {
        let claim = Some(request.get_ref().node_id.as_str());
        admit(&request, None, claim).map_err(|status| *status)?;
        missing(Rpc::PropagateConflict, "announcing conflicts to other nodes")
    }

    async fn propagate_ddl(
        &self,
        request: Request<DdlNotification>,
    ) -> Result<Response<DdlAck>, Status> {
        let claim = Some(request.get_ref().node_id.as_str());
        admit(&request, None, claim).map_err(|status| *status)?;
        missing(Rpc::PropagateDdl, "replicating DDL")
    }
}

fn too_many_streams() -> Status {
    let failure = Failure {
        class: FailureClass::Transient,
        message: "too many joins are being watched on this node".to_owned(),
        hint: Some("wait until one has ended".to_owned()),
        summary: None,
    };
    failure::with_code(Code::ResourceExhausted, &failure)
}

/// The progress of a join; counts as a stream until it is dropped.
pub(super) struct ProgressStream {
    items: JoinStream,
    _permit: OwnedSemaphorePermit,
}

impl Stream for ProgressStream {
    type Item = Result<JoinProgress, Status>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().items.as_mut().poll_next(context).map(|item| item.map(Ok))
    }
}
