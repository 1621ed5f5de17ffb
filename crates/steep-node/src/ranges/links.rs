//! The daemons of the peers, as far as identity ranges need them.

use std::collections::BTreeMap;
use std::time::Duration;

use steep_proto::{RangeRequest, RangeResponse, TellRangesRequest, TellRangesResponse};
use tokio::sync::Mutex;

use crate::error::{NodeError, refused};
use crate::grpc::PeerClient;
use crate::join::{Address, Answer, Peers};
use crate::operations::{GrpcPeers, failed};

/// A grant is one short transaction. A peer that takes longer has trouble, and this node has blocks of
/// its own.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is asked of a peer.
pub(crate) trait RangePeers: Send + Sync {
    /// A range out of the blocks of `node`.
    fn allocate<'a>(&'a self, node: &'a str, request: RangeRequest) -> Answer<'a, RangeResponse>;

    /// A page of what `node` knows.
    fn tell<'a>(
        &'a self,
        node: &'a str,
        request: TellRangesRequest,
    ) -> Answer<'a, TellRangesResponse>;
}

/// Over gRPC. Connections are kept: a busy table asks every minute.
#[derive(Debug)]
pub(crate) struct Links {
    peers: GrpcPeers,
    open: Mutex<BTreeMap<String, PeerClient>>,
    addresses: std::sync::Mutex<BTreeMap<String, Address>>,
}

impl Links {
    pub(crate) fn new(peers: GrpcPeers) -> Self {
        Self { peers, open: Mutex::default(), addresses: std::sync::Mutex::default() }
    }

    /// Where the daemons are, from now on.
    pub(crate) fn lead_to(&self, addresses: BTreeMap<String, Address>) {
        *self.addresses.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = addresses;
    }

    async fn to(&self, node: &str) -> Result<PeerClient, NodeError> {
        let address = {
            let known = self.addresses.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            known.get(node).cloned()
        };
        let Some(address) = address else {
            return refused(
                format!("where the daemon of node {node} is, is not known"),
                "see steep-replctl node list",
            );
        };
        let mut open = self.open.lock().await;
        if let Some(client) = open.get(node).filter(|client| client.is_certificate_valid()) {
            return Ok(client.clone());
        }
        let address = address.to_string();
        let client = within(node, self.peers.connect(&address, Some(node))).await?;
        open.insert(node.to_owned(), client.clone());
        Ok(client)
    }

    /// What failed may be the connection: the next question opens another.
    async fn checked<T>(&self, node: &str, answer: Result<T, NodeError>) -> Result<T, NodeError> {
        if answer.is_err() {
            self.open.lock().await.remove(node);
        }
        answer
    }
}

async fn within<T>(
    node: &str,
    work: impl Future<Output = Result<T, NodeError>>,
) -> Result<T, NodeError> {
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(done) => done,
        Err(_) => Err(NodeError::Deadline {
            what: format!("an answer of the daemon of node {node}"),
            seconds: PATIENCE.as_secs(),
            last: "nothing came".to_owned(),
        }),
    }
}

impl RangePeers for Links {
    fn allocate<'a>(&'a self, node: &'a str, request: RangeRequest) -> Answer<'a, RangeResponse> {
        Box::pin(async move {
            let client = self.to(node).await?;
            let asked =
                async { client.allocate_range(request).await.map_err(|error| failed(node, error)) };
            let answer = within(node, asked).await;
            self.checked(node, answer).await
        })
    }

    fn tell<'a>(
        &'a self,
        node: &'a str,
        request: TellRangesRequest,
    ) -> Answer<'a, TellRangesResponse> {
        Box::pin(async move {
            let client = self.to(node).await?;
            let answer = client.tell_ranges(request).await.map_err(|error| failed(node, error));
            self.checked(node, answer).await
        })
    }
}

/// The members that a joining node knows.
pub(crate) struct Members<'a> {
    pub(crate) peers: &'a dyn Peers,
    pub(crate) addresses: &'a [(String, Address)],
}

impl Members<'_> {
    fn address(&self, node: &str) -> Result<&Address, NodeError> {
        match self.addresses.iter().find(|(member, _)| member == node) {
            Some((_, address)) => Ok(address),
            None => refused(
                format!("where the daemon of node {node} is, is not known"),
                "see steep-replctl node list",
            ),
        }
    }
}

impl RangePeers for Members<'_> {
    fn allocate<'a>(&'a self, node: &'a str, request: RangeRequest) -> Answer<'a, RangeResponse> {
        Box::pin(async move { self.peers.allocate_range(self.address(node)?, request).await })
    }

    fn tell<'a>(
        &'a self,
        node: &'a str,
        request: TellRangesRequest,
    ) -> Answer<'a, TellRangesResponse> {
        Box::pin(async move { self.peers.tell_ranges(self.address(node)?, request).await })
    }
}
