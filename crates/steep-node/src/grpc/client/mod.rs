//! The calling side.

mod channel;
mod dial;
mod error;
mod join;
mod rewind;

use std::future::Future;
use std::io;
use std::time::Duration;

use steep_proto::steep_replication_client::SteepReplicationClient;
use steep_proto::{
    AbortJoinRequest, AbortJoinResponse, CancelJoinRequest, CancelJoinResponse, ChangeTableRequest,
    ChangeTableResponse, CompleteJoinRequest, CompleteJoinResponse, DescribeRequest,
    ForgetNodeRequest, ForgetNodeResponse, HealthRequest, HealthResponse, JoinRequest,
    ManageRangesRequest, ManageRangesResponse, NodeDescription, PROTOCOL, PrepareJoinRequest,
    PrepareJoinResponse, RangeRequest, RangeResponse, TellRangesRequest, TellRangesResponse,
};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::Channel;
use tonic::{Request, Response, Status};

use super::limits::MESSAGE_BYTES;
use super::rules::{NODE_KEY, PROTOCOL_KEY};
use super::{Rpc, Security};
use crate::tls::PeerIdentity;
pub use error::PeerError;
pub use join::JoinEvents;

/// How long name lookup, TCP and TLS may take together.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// One connection to the daemon of a peer. Clones share it.
///
/// The peer's identity is established once and holds as long as the connection. When that is
/// lost, every call fails with [`PeerError::Lost`]; connecting again is the caller's decision.
#[derive(Debug, Clone)]
pub struct PeerClient {
    inner: SteepReplicationClient<Channel>,
    address: String,
    identity: Option<PeerIdentity>,
    expected: Option<String>,
    own: MetadataValue<Ascii>,
    patience: Option<Duration>,
}

/// A method that is one question and one answer.
macro_rules! unary {
    ($(#[$about:meta])* $method:ident, $rpc:ident, $request:ty, $response:ty) => {
        $(#[$about])*
        ///
        /// # Errors
        /// [`PeerError`]: no answer, a wrong one, or the peer's failure.
        pub async fn $method(&self, message: $request) -> Result<$response, PeerError> {
            let mut client = self.inner.clone();
            let request = self.request(Rpc::$rpc, message)?;
            self.within(Rpc::$rpc, client.$method(request)).await
        }
    };
}

impl PeerClient {
    /// Connects to the daemon at `address` (`host:port`), within ten seconds.
    ///
    /// With TLS, the peer must have a valid certificate of the group's authority, and if
    /// `expected_node` is given, it must be that node's; the host in the address plays no part.
    ///
    /// # Errors
    /// [`PeerError`] tells apart who cannot be reached, who is not trusted, who does not trust this
    /// node, and who is somebody else.
    pub async fn connect(
        address: &str,
        security: &Security,
        expected_node: Option<&str>,
    ) -> Result<Self, PeerError> {
        Self::connect_within(CONNECT_TIMEOUT, address, security, expected_node).await
    }

    /// As [`PeerClient::connect`], with another patience.
    ///
    /// # Errors
    /// As [`PeerClient::connect`].
    pub async fn connect_within(
        timeout: Duration,
        address: &str,
        security: &Security,
        expected_node: Option<&str>,
    ) -> Result<Self, PeerError> {
        let unreachable = |source| PeerError::Unreachable { address: address.to_owned(), source };
        let connecting = async {
            let dialled = dial::dial(address, security, expected_node).await?;
            let channel = channel::over(dialled.stream).await;
            Ok((channel.map_err(|error| unreachable(io::Error::other(error)))?, dialled.identity))
        };
        let (channel, identity) = match tokio::time::timeout(timeout, connecting).await {
            Ok(result) => result?,
            Err(elapsed) => {
                return Err(unreachable(io::Error::new(io::ErrorKind::TimedOut, elapsed)));
            }
        };
        let own = match security {
            Security::Tls(tls) => tls.node(),
            Security::Plaintext { node } => node.clone(),
        };
        let own = MetadataValue::try_from(own.as_str()).expect("a node id is ASCII");
        Ok(Self {
            inner: SteepReplicationClient::new(channel)
                .max_decoding_message_size(MESSAGE_BYTES)
                .max_encoding_message_size(MESSAGE_BYTES),
            address: address.to_owned(),
            identity,
            expected: expected_node.map(str::to_owned),
            own,
            patience: None,
        })
    }

    /// The same connection, with a shorter deadline than [`Rpc::deadline`] for every call.
    #[must_use]
    pub fn with_deadline(&self, deadline: Duration) -> Self {
        Self { patience: Some(deadline), ..self.clone() }
    }

    /// Who is at the other end, by its certificate; none without TLS.
    #[must_use]
    pub fn node(&self) -> Option<&str> {
        self.identity.as_ref().map(|identity| identity.node.as_str())
    }

    /// Whether the certificate that the peer showed is still valid; always so without TLS.
    ///
    /// A connection that was made while it was goes on. Whoever keeps one for long asks from time
    /// to time, as the peer's side does by itself.
    #[must_use]
    pub fn is_certificate_valid(&self) -> bool {
        self.identity.as_ref().is_none_or(|identity| !identity.valid_for().is_zero())
    }

    /// Where it was connected to.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// How the peer is. Checks its protocol and that it is who it was connected as.
    ///
    /// # Errors
    /// [`PeerError`]: no answer, a wrong one, or the peer's failure.
    pub async fn health_check(&self, message: HealthRequest) -> Result<HealthResponse, PeerError> {
        let mut client = self.inner.clone();
        let request = self.request(Rpc::HealthCheck, message)?;
        let answer: HealthResponse =
            self.within(Rpc::HealthCheck, client.health_check(request)).await?;
        self.check(answer.protocol, &answer.node_id)?;
        Ok(answer)
    }

    /// What the peer is and replicates. Checks its protocol and that it is who it was connected as.
    ///
    /// # Errors
    /// [`PeerError`]: no answer, a wrong one, or the peer's failure.
    pub async fn describe(&self, message: DescribeRequest) -> Result<NodeDescription, PeerError> {
        let mut client = self.inner.clone();
        let request = self.request(Rpc::Describe, message)?;
        let answer: NodeDescription = self.within(Rpc::Describe, client.describe(request)).await?;
        self.check(answer.protocol, &answer.node_id)?;
        Ok(answer)
    }

    /// Asks the peer to join this node's group, and to tell how far it is.
    ///
    /// # Errors
    /// [`PeerError`]: no answer, a wrong one, or what speaks against it.
    pub async fn join(&self, message: JoinRequest) -> Result<JoinEvents, PeerError> {
        let mut client = self.inner.clone();
        let request = self.request(Rpc::Join, message)?;
        let stream = self.within(Rpc::Join, client.join(request)).await?;
        Ok(JoinEvents::new(stream, self.address.clone()))
    }

    unary! {
        /// Stops a running join and undoes it.
        cancel_join, CancelJoin, CancelJoinRequest, CancelJoinResponse
    }
    unary! {
        /// Asks for a slot and a way in.
        prepare_join, PrepareJoin, PrepareJoinRequest, PrepareJoinResponse
    }
    unary! {
        /// Asks the peer to subscribe to this node.
        complete_join, CompleteJoin, CompleteJoinRequest, CompleteJoinResponse
    }
    unary! {
        /// Undoes [`Self::prepare_join`] and [`Self::complete_join`].
        abort_join, AbortJoin, AbortJoinRequest, AbortJoinResponse
    }
    unary! {
        /// Asks the peer to forget a node.
        forget_node, ForgetNode, ForgetNodeRequest, ForgetNodeResponse
    }
    unary! {
        /// Asks the peer to put a table under guard or out of it.
        change_table, ChangeTable, ChangeTableRequest, ChangeTableResponse
    }
    unary! {
        /// Asks the peer for a range of ids.
        allocate_range, AllocateRange, RangeRequest, RangeResponse
    }
    unary! {
        /// Asks the peer to draw the ids of a table from identity ranges.
        manage_ranges, ManageRanges, ManageRangesRequest, ManageRangesResponse
    }
    unary! {
        /// Asks what the peer knows of identity ranges.
        tell_ranges, TellRanges, TellRangesRequest, TellRangesResponse
    }

    fn deadline(&self, rpc: Rpc) -> Duration {
        self.patience.map_or(rpc.deadline(), |patience| patience.min(rpc.deadline()))
    }

    /// The call, unless it is too large: tonic would reset the stream, as if the peer were gone.
    fn request<T: prost::Message>(&self, rpc: Rpc, message: T) -> Result<Request<T>, PeerError> {
        let bytes = message.encoded_len();
        if bytes > MESSAGE_BYTES {
            return Err(PeerError::TooLarge { rpc, bytes });
        }
        let mut request = Request::new(message);
        // A stream goes on after its deadline; a unary call is given up by the server as well.
        if rpc != Rpc::Join {
            request.set_timeout(self.deadline(rpc));
        }
        request.metadata_mut().insert(PROTOCOL_KEY, MetadataValue::from(PROTOCOL));
        request.metadata_mut().insert(NODE_KEY, self.own.clone());
        Ok(request)
    }

    async fn within<T>(
        &self,
        rpc: Rpc,
        call: impl Future<Output = Result<Response<T>, Status>>,
    ) -> Result<T, PeerError> {
        let after = self.deadline(rpc);
        match tokio::time::timeout(after, call).await {
            Ok(Ok(response)) => Ok(response.into_inner()),
            Ok(Err(status)) => Err(error::of_call(&self.address, rpc, after, status)),
            Err(_) => Err(PeerError::Deadline { address: self.address.clone(), rpc, after }),
        }
    }

    fn check(&self, protocol: u32, found: &str) -> Result<(), PeerError> {
        if protocol != PROTOCOL {
            return Err(PeerError::Protocol { address: self.address.clone(), theirs: protocol });
        }
        match self.node().or(self.expected.as_deref()) {
            Some(expected) if !found.is_empty() && found != expected => {
                Err(PeerError::OtherIdentity {
                    address: self.address.clone(),
                    expected: expected.to_owned(),
                    found: found.to_owned(),
                })
            }
            _ => Ok(()),
        }
    }
}
