//! What a node answers to its peers.

use std::pin::Pin;

use futures_util::Stream;
use steep_ipc::Failure;
use steep_proto::{
    AbortJoinRequest, AbortJoinResponse, CancelJoinRequest, CancelJoinResponse, ChangeTableRequest,
    ChangeTableResponse, CompleteJoinRequest, CompleteJoinResponse, DescribeRequest,
    ForgetNodeRequest, ForgetNodeResponse, HealthRequest, HealthResponse, JoinProgress,
    JoinRequest, ManageRangesRequest, ManageRangesResponse, NodeDescription, PrepareJoinRequest,
    PrepareJoinResponse, RangeRequest, RangeResponse, TellRangesRequest, TellRangesResponse,
};

use super::Peer;

/// What a joining node tells while it joins, until the stream ends.
pub type JoinStream = Pin<Box<dyn Stream<Item = JoinProgress> + Send + 'static>>;

/// The answers of one node.
///
/// When a method is called, the protocol is known to be ours and a `node_id` with which the caller
/// speaks of itself (in `HealthRequest`, `DescribeRequest`, `CompleteJoinRequest`, `RangeRequest`,
/// `TellRangesRequest` and the `joiner` of `PrepareJoinRequest`) to be the [`Peer`]'s or empty. Every other node id names somebody else, and
/// whether the peer may do that to it is for the method to decide.
///
/// The future of a call is dropped when its deadline passes or the caller goes away, so whatever
/// must not stop half-way belongs into a task of its own; the same holds for the stream of `join`.
///
/// ```
/// use steep_ipc::Failure;
/// use steep_node::grpc::{self, JoinStream, NodeService, Peer};
/// use steep_proto::*;
///
/// struct Newcomer;
///
/// #[grpc::async_trait]
/// impl NodeService for Newcomer {
///     async fn health_check(&self, _: Peer, _: HealthRequest) -> Result<HealthResponse, Failure> {
///         Ok(HealthResponse { protocol: PROTOCOL, status: "ok".into(), ..Default::default() })
///     }
/// #   async fn describe(&self, _: Peer, _: DescribeRequest) -> Result<NodeDescription, Failure> { Ok(Default::default()) }
/// #   async fn join(&self, _: Peer, _: JoinRequest) -> Result<JoinStream, Failure> { unreachable!() }
/// #   async fn cancel_join(&self, _: Peer, _: CancelJoinRequest) -> Result<CancelJoinResponse, Failure> { unreachable!() }
/// #   async fn prepare_join(&self, _: Peer, _: PrepareJoinRequest) -> Result<PrepareJoinResponse, Failure> { unreachable!() }
/// #   async fn complete_join(&self, _: Peer, _: CompleteJoinRequest) -> Result<CompleteJoinResponse, Failure> { unreachable!() }
/// #   async fn abort_join(&self, _: Peer, _: AbortJoinRequest) -> Result<AbortJoinResponse, Failure> { unreachable!() }
/// #   async fn forget_node(&self, _: Peer, _: ForgetNodeRequest) -> Result<ForgetNodeResponse, Failure> { unreachable!() }
/// #   async fn change_table(&self, _: Peer, _: ChangeTableRequest) -> Result<ChangeTableResponse, Failure> { unreachable!() }
/// #   async fn allocate_range(&self, _: Peer, _: RangeRequest) -> Result<RangeResponse, Failure> { unreachable!() }
/// #   async fn manage_ranges(&self, _: Peer, _: ManageRangesRequest) -> Result<ManageRangesResponse, Failure> { unreachable!() }
/// #   async fn tell_ranges(&self, _: Peer, _: TellRangesRequest) -> Result<TellRangesResponse, Failure> { unreachable!() }
///     // … and the others
/// }
/// ```
#[tonic::async_trait]
pub trait NodeService: Send + Sync + 'static {
    /// How this node is; answered from memory, also while PostgreSQL is away.
    async fn health_check(
        &self,
        peer: Peer,
        request: HealthRequest,
    ) -> Result<HealthResponse, Failure>;

    /// What this node is and what it replicates.
    async fn describe(
        &self,
        peer: Peer,
        request: DescribeRequest,
    ) -> Result<NodeDescription, Failure>;

    /// Joins the group of the peer. An error is for what speaks against beginning; what comes later
    /// is the last item of the stream.
    async fn join(&self, peer: Peer, request: JoinRequest) -> Result<JoinStream, Failure>;

    /// Stops a running join and undoes it.
    async fn cancel_join(
        &self,
        peer: Peer,
        request: CancelJoinRequest,
    ) -> Result<CancelJoinResponse, Failure>;

    /// Makes a slot for the joining peer, and a way in.
    async fn prepare_join(
        &self,
        peer: Peer,
        request: PrepareJoinRequest,
    ) -> Result<PrepareJoinResponse, Failure>;

    /// Subscribes to the peer that has joined.
    async fn complete_join(
        &self,
        peer: Peer,
        request: CompleteJoinRequest,
    ) -> Result<CompleteJoinResponse, Failure>;

    /// Undoes what the two before did.
    async fn abort_join(
        &self,
        peer: Peer,
        request: AbortJoinRequest,
    ) -> Result<AbortJoinResponse, Failure>;

    /// Forgets a node.
    async fn forget_node(
        &self,
        peer: Peer,
        request: ForgetNodeRequest,
    ) -> Result<ForgetNodeResponse, Failure>;

    /// Puts a table under guard or out of it.
    async fn change_table(
        &self,
        peer: Peer,
        request: ChangeTableRequest,
    ) -> Result<ChangeTableResponse, Failure>;

    /// Grants the peer a range of ids out of this node's blocks.
    async fn allocate_range(
        &self,
        peer: Peer,
        request: RangeRequest,
    ) -> Result<RangeResponse, Failure>;

    /// Draws the ids of a table from identity ranges, or says how far they are.
    async fn manage_ranges(
        &self,
        peer: Peer,
        request: ManageRangesRequest,
    ) -> Result<ManageRangesResponse, Failure>;

    /// Tells what this node knows of identity ranges.
    async fn tell_ranges(
        &self,
        peer: Peer,
        request: TellRangesRequest,
    ) -> Result<TellRangesResponse, Failure>;
}
