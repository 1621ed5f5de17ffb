//! What a joining node asks of the members.

use std::future::Future;
use std::pin::Pin;

use steep_proto::{
    CompleteJoinRequest, NodeDescription, PrepareJoinRequest, PrepareJoinResponse, RangeRequest,
    RangeResponse, TellRangesRequest, TellRangesResponse,
};

use super::Address;
use crate::error::NodeError;

/// An answer that is on its way.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, NodeError>> + Send + 'a>>;

/// The daemons of the members; over gRPC, or in a test the members themselves.
pub trait Peers: Send + Sync {
    /// See [`crate::member::Member::describe`].
    fn describe<'a>(&'a self, at: &'a Address) -> Answer<'a, NodeDescription>;

    /// See [`crate::member::Member::prepare`].
    fn prepare<'a>(
        &'a self,
        at: &'a Address,
        request: PrepareJoinRequest,
    ) -> Answer<'a, PrepareJoinResponse>;

    /// See [`crate::member::Member::complete`].
    fn complete<'a>(&'a self, at: &'a Address, request: CompleteJoinRequest) -> Answer<'a, ()>;

    /// Undoes both, see [`crate::member::Member::forget`].
    fn abort<'a>(&'a self, at: &'a Address, join_id: &'a str, node: &'a str) -> Answer<'a, ()>;

    /// A range of ids out of the member's blocks.
    fn allocate_range<'a>(
        &'a self,
        at: &'a Address,
        request: RangeRequest,
    ) -> Answer<'a, RangeResponse>;

    /// See [`crate::member::Member::tell_ranges`].
    fn tell_ranges<'a>(
        &'a self,
        at: &'a Address,
        request: TellRangesRequest,
    ) -> Answer<'a, TellRangesResponse>;
}
