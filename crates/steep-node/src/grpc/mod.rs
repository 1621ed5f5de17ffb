//! Between the daemons: a gRPC server that asks a [`NodeService`], and a client for its peers.
//!
//! A peer is who its certificate says. What is checked here, before the node is asked, is the
//! protocol, the identity, deadlines, sizes and numbers ([`Limits`]); whether a peer may do what it
//! asks for is the node's decision.
//!
//! | at | what |
//! |---|---|
//! | connection | TLS 1.3 with certificates of the group's authority on both sides, or plaintext on loopback |
//! | call | protocol, then node id against certificate, then the [`Rpc`]'s deadline |
//! | answer | a [`steep_ipc::Failure`] as gRPC status and back, see [`failure`] |

mod adapter;
mod client;
pub mod failure;
mod limits;
mod peer;
mod rpc;
mod rules;
mod server;
mod service;

pub use client::{JoinEvents, PeerClient, PeerError};
pub use limits::Limits;
pub use peer::Peer;
pub use rpc::Rpc;
pub use server::{ServeError, serve, serve_with};
pub use service::{JoinStream, NodeService};
/// For implementations of [`NodeService`].
pub use tonic::async_trait;

use std::sync::Arc;

use steep_types::NodeId;

use crate::tls::Tls;

/// What protects the connections of a node.
#[derive(Debug, Clone)]
pub enum Security {
    /// Certificates on both sides.
    Tls(Arc<Tls>),
    /// Nothing: anyone who can connect can claim to be any node. Only on loopback.
    Plaintext {
        /// Who this node says it is.
        node: NodeId,
    },
}
