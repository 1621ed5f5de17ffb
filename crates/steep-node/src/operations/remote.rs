//! The daemons of the other nodes, over gRPC.

use std::time::Duration;

use steep_proto::{
    AbortJoinRequest, ChangeTableRequest, ChangeTableResponse, CompleteJoinRequest,
    DescribeRequest, ForgetNodeRequest, ManageRangesRequest, ManageRangesResponse, NodeDescription,
    PROTOCOL, PrepareJoinRequest, PrepareJoinResponse, RangeRequest, RangeResponse,
    TellRangesRequest, TellRangesResponse,
};

use crate::error::{NodeError, refused};
use crate::grpc::{PeerClient, PeerError, Security};
use crate::join::{Address, Answer, Peers};

/// How long a peer may take to take a call.
const CONNECT: Duration = Duration::from_secs(5);

/// The way to the other daemons.
#[derive(Debug, Clone)]
pub struct GrpcPeers {
    security: Option<Security>,
    node: String,
}

impl GrpcPeers {
    /// The way of node `node`, with its certificate; none: it has none yet and is alone.
    #[must_use]
    pub fn new(security: Option<Security>, node: &str) -> Self {
        Self { security, node: node.to_owned() }
    }

    /// A connection to the daemon at `address`, which has to be `node`'s if that is known.
    pub(crate) async fn connect(
        &self,
        address: &str,
        node: Option<&str>,
    ) -> Result<PeerClient, NodeError> {
        let Some(security) = &self.security else {
            return refused(
                "this node has no certificate to show to other daemons",
                "make one with steep-replctl tls init, and name it in replication.grpc.tls",
            );
        };
        PeerClient::connect_within(CONNECT, address, security, node)
            .await
            .map_err(|error| failed(node.unwrap_or(address), error))
    }

    /// What a member is.
    pub(super) async fn describe_node(
        &self,
        address: &str,
        node: Option<&str>,
    ) -> Result<NodeDescription, NodeError> {
        let client = self.connect(address, node).await?;
        let request = DescribeRequest { protocol: PROTOCOL, node_id: self.node.clone() };
        client.describe(request).await.map_err(|error| failed(address, error))
    }

    /// Lets a member forget a node, or clean up after itself if it is the one that leaves.
    pub(super) async fn forget(
        &self,
        address: &Address,
        at: &str,
        node: &str,
        force: bool,
    ) -> Result<Vec<String>, NodeError> {
        let client = self.connect(&address.to_string(), Some(at)).await?;
        let request = ForgetNodeRequest { node_id: node.to_owned(), force };
        let done = client.forget_node(request).await.map_err(|error| failed(at, error))?;
        Ok(done.done)
    }

    /// Lets a member change a table, or only say whether it could.
    pub(super) async fn change_table(
        &self,
        address: &Address,
        at: &str,
        request: ChangeTableRequest,
    ) -> Result<ChangeTableResponse, NodeError> {
        let client = self.connect(&address.to_string(), Some(at)).await?;
        client.change_table(request).await.map_err(|error| failed(at, error))
    }

    /// Lets a member draw the ids of a table from ranges, or only say how far they are.
    pub(super) async fn manage_ranges(
        &self,
        address: &Address,
        at: &str,
        request: ManageRangesRequest,
    ) -> Result<ManageRangesResponse, NodeError> {
        let client = self.connect(&address.to_string(), Some(at)).await?;
        client.manage_ranges(request).await.map_err(|error| failed(at, error))
    }
}

pub(crate) fn failed(node: &str, error: PeerError) -> NodeError {
    NodeError::Peer { node: node.to_owned(), failure: error.into() }
}

impl Peers for GrpcPeers {
    fn describe<'a>(&'a self, at: &'a Address) -> Answer<'a, NodeDescription> {
        Box::pin(async move { self.describe_node(&at.to_string(), None).await })
    }

    fn prepare<'a>(
        &'a self,
        at: &'a Address,
        request: PrepareJoinRequest,
    ) -> Answer<'a, PrepareJoinResponse> {
        Box::pin(async move {
            let client = self.connect(&at.to_string(), None).await?;
            client.prepare_join(request).await.map_err(|error| failed(&at.to_string(), error))
        })
    }

    fn complete<'a>(&'a self, at: &'a Address, request: CompleteJoinRequest) -> Answer<'a, ()> {
        Box::pin(async move {
            let client = self.connect(&at.to_string(), None).await?;
            let done = client.complete_join(request).await;
            done.map(drop).map_err(|error| failed(&at.to_string(), error))
        })
    }

    fn abort<'a>(&'a self, at: &'a Address, join_id: &'a str, node: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            let client = self.connect(&at.to_string(), None).await?;
            let request =
                AbortJoinRequest { join_id: join_id.to_owned(), node_id: node.to_owned() };
            let done = client.abort_join(request).await;
            done.map(drop).map_err(|error| failed(&at.to_string(), error))
        })
    }

    fn allocate_range<'a>(
        &'a self,
        at: &'a Address,
        request: RangeRequest,
    ) -> Answer<'a, RangeResponse> {
        Box::pin(async move {
            let client = self.connect(&at.to_string(), None).await?;
            client.allocate_range(request).await.map_err(|error| failed(&at.to_string(), error))
        })
    }

    fn tell_ranges<'a>(
        &'a self,
        at: &'a Address,
        request: TellRangesRequest,
    ) -> Answer<'a, TellRangesResponse> {
        Box::pin(async move {
            let client = self.connect(&at.to_string(), None).await?;
            client.tell_ranges(request).await.map_err(|error| failed(&at.to_string(), error))
        })
    }
}
