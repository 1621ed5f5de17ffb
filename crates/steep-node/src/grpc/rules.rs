//! What is checked before a node is asked: the protocol first, then who speaks.

use std::str::FromStr as _;

use steep_ipc::{Failure, FailureClass};
use steep_proto::PROTOCOL;
use steep_types::NodeId;
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::{Code, Request, Status};

use super::server::Connection;
use super::{Peer, failure};

/// The caller's protocol, in every call; the server's, in a refusal because of it.
pub(super) const PROTOCOL_KEY: &str = "steep-protocol";
/// The caller's node id, in every call.
pub(super) const NODE_KEY: &str = "steep-node";

/// Who calls, once nothing speaks against it.
///
/// `protocol` and `claimed` are what the message itself says, where it says so. An empty claim is
/// none: a database that belongs to no group has no node id.
pub(super) fn admit<T>(
    request: &Request<T>,
    protocol: Option<u32>,
    claimed: Option<&str>,
) -> Result<Peer, Box<Status>> {
    let metadata = request.metadata();
    for theirs in [protocol_of(metadata)?, protocol].into_iter().flatten() {
        if theirs != PROTOCOL {
            return Err(Box::new(other_protocol(theirs)));
        }
    }
    let claims = [claims_of(metadata)?, claimed].map(|claim| claim.filter(|id| !id.is_empty()));
    let Some(connection) = request.extensions().get::<Connection>() else {
        return Err(Box::new(no_connection()));
    };
    let (node, verified) = match (&connection.node, claims[0].or(claims[1])) {
        (Some(node), _) => (node.clone(), true),
        (None, Some(claim)) => (node_id(claim)?, false),
        (None, None) => return Err(Box::new(nobody())),
    };
    match claims.into_iter().flatten().find(|claim| *claim != node.as_str()) {
        Some(claim) => Err(Box::new(other_identity(claim, node.as_str(), verified))),
        None => Ok(Peer { node: node.as_str().to_owned(), address: connection.address, verified }),
    }
}

/// The protocol that a server says it speaks when it refuses ours.
pub(super) fn protocol_of_refusal(status: &Status) -> Option<u32> {
    protocol_of(status.metadata()).ok().flatten().filter(|theirs| *theirs != PROTOCOL)
}

fn protocol_of(metadata: &MetadataMap) -> Result<Option<u32>, Box<Status>> {
    let Some(value) = metadata.get(PROTOCOL_KEY) else { return Ok(None) };
    let number = value.to_str().ok().and_then(|text| text.parse().ok());
    number.map(Some).ok_or_else(|| Box::new(misuse(format!("{PROTOCOL_KEY} is not a number"))))
}

fn claims_of(metadata: &MetadataMap) -> Result<Option<&str>, Box<Status>> {
    let Some(value) = metadata.get(NODE_KEY) else { return Ok(None) };
    value.to_str().map(Some).map_err(|_| Box::new(misuse(format!("{NODE_KEY} is not a node id"))))
}

fn node_id(claim: &str) -> Result<NodeId, Box<Status>> {
    NodeId::from_str(claim).map_err(|error| Box::new(misuse(error.to_string())))
}

fn other_protocol(theirs: u32) -> Status {
    let failure = Failure {
        class: FailureClass::Operator,
        message: format!("this daemon speaks protocol {PROTOCOL}, the caller protocol {theirs}"),
        hint: Some("update the daemon with the lower number".to_owned()),
        summary: None,
    };
    let mut status = failure::with_code(Code::FailedPrecondition, &failure);
    status.metadata_mut().insert(PROTOCOL_KEY, MetadataValue::from(PROTOCOL));
    status
}

fn other_identity(claim: &str, node: &str, verified: bool) -> Status {
    let says = if verified { "its certificate is of" } else { "the call says" };
    let failure = Failure {
        class: FailureClass::Operator,
        message: format!("the caller claims to be node {claim:?}, but {says} {node:?}"),
        hint: Some(
            "give the daemon the certificate of its own node, or mend this_node.name".to_owned(),
        ),
        summary: None,
    };
    failure::with_code(Code::PermissionDenied, &failure)
}

fn nobody() -> Status {
    let failure = Failure {
        class: FailureClass::Misuse,
        message: "the caller does not say which node it is".to_owned(),
        hint: Some(format!("without TLS every call names its node in {NODE_KEY}")),
        summary: None,
    };
    failure::with_code(Code::Unauthenticated, &failure)
}

fn misuse(message: String) -> Status {
    failure::to_status(&Failure { class: FailureClass::Misuse, message, hint: None, summary: None })
}

fn no_connection() -> Status {
    let message = "a call came over no known connection".to_owned();
    failure::to_status(&Failure { class: FailureClass::Bug, message, hint: None, summary: None })
}
