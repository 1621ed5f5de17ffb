//! Why a peer did not answer, or not as wished.

use std::error::Error;
use std::io;
use std::time::Duration;

use steep_ipc::{Failure, FailureClass};
use steep_proto::PROTOCOL;
use tonic::{Code, Status};

use super::super::limits::MESSAGE_BYTES;
use super::super::{Rpc, failure, rules};

/// Why a connection to a peer failed, or a call over it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PeerError {
    /// The name is unknown, nobody listens, or nothing came back in time.
    #[error("cannot reach the daemon at {address}")]
    Unreachable {
        /// `host:port`.
        address: String,
        /// What the operating system says.
        source: io::Error,
    },
    /// The connection was lost before the call was answered. Whether the peer did what it was
    /// asked for is not known.
    #[error("lost the connection to the daemon at {address} during {}", rpc.name())]
    Lost {
        /// `host:port`.
        address: String,
        /// The method.
        rpc: Rpc,
        /// What the transport says.
        source: Box<Status>,
    },
    /// This node does not accept the peer's certificate.
    #[error("the certificate of the daemon at {address} is not accepted: {reason}")]
    Certificate {
        /// `host:port`.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The peer does not accept this node's certificate.
    #[error("the daemon at {address} does not accept this node's certificate: {reason}")]
    Refused {
        /// `host:port`.
        address: String,
        /// The TLS alert.
        reason: String,
    },
    /// Another node than the expected one answers there.
    #[error("the daemon at {address} is node {found:?}, not {expected:?}")]
    OtherIdentity {
        /// `host:port`.
        address: String,
        /// Who was to be there.
        expected: String,
        /// Who is.
        found: String,
    },
    /// What answers does not speak as a daemon does: no TLS, TLS where none was wanted, no HTTP/2.
    #[error("what answers at {address} is not a steep-repl daemon: {detail}")]
    NotADaemon {
        /// `host:port`.
        address: String,
        /// What it did.
        detail: String,
    },
    /// The peer speaks another protocol.
    #[error("the daemon at {address} speaks protocol {theirs}, this one protocol {PROTOCOL}")]
    Protocol {
        /// `host:port`.
        address: String,
        /// The peer's.
        theirs: u32,
    },
    /// The message is larger than a peer takes; it was not sent.
    #[error("{} would send {bytes} bytes, at most {MESSAGE_BYTES} are allowed", rpc.name())]
    TooLarge {
        /// The method.
        rpc: Rpc,
        /// How large it is.
        bytes: usize,
    },
    /// The call was not answered in time. Whether the peer did what it was asked for is not known.
    #[error("the daemon at {address} did not answer {} within {after:?}", rpc.name())]
    Deadline {
        /// `host:port`.
        address: String,
        /// The method.
        rpc: Rpc,
        /// The deadline.
        after: Duration,
    },
    /// The peer answered that it failed.
    #[error("the daemon at {address} says: {}", failure.message)]
    Failed {
        /// `host:port`.
        address: String,
        /// Its own words.
        failure: Failure,
    },
}

impl PeerError {
    /// Who has to do something.
    #[must_use]
    pub fn class(&self) -> FailureClass {
        match self {
            Self::Unreachable { .. } | Self::Lost { .. } | Self::Deadline { .. } => {
                FailureClass::Peer
            }
            Self::Certificate { .. }
            | Self::Refused { .. }
            | Self::OtherIdentity { .. }
            | Self::NotADaemon { .. }
            | Self::Protocol { .. } => FailureClass::Operator,
            Self::TooLarge { .. } => FailureClass::Misuse,
            Self::Failed { failure, .. } => failure.class,
        }
    }

    /// The way out.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Unreachable { .. } => {
                "check the address, the firewall, and that steep-repl runs there"
            }
            Self::Certificate { .. } | Self::Refused { .. } => {
                "both nodes need certificates of the same authority that are valid now: see \
                 `steep-replctl tls init`, and compare the clocks"
            }
            Self::OtherIdentity { .. } => {
                "mend the address, or give the daemon there the certificate of its own node"
            }
            Self::NotADaemon { .. } => {
                "check the port, and that grpc.tls.mode is the same on both nodes"
            }
            Self::Protocol { .. } => "update the daemon with the lower number",
            Self::Lost { .. } | Self::Deadline { .. } | Self::TooLarge { .. } => return None,
            Self::Failed { failure, .. } => return failure.hint.clone(),
        };
        Some(hint.to_owned())
    }
}

impl From<PeerError> for Failure {
    fn from(error: PeerError) -> Self {
        let cause = match &error {
            PeerError::Unreachable { source, .. } => Some(source.to_string()),
            _ => None,
        };
        let message = match cause {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        };
        let summary = match &error {
            PeerError::Failed { address, failure } => failure
                .summary
                .as_ref()
                .map(|summary| format!("the daemon at {address} says: {summary}")),
            _ => None,
        };
        Self { class: error.class(), message, hint: error.hint(), summary }
    }
}

/// What an unsuccessful call means.
pub(super) fn of_call(address: &str, rpc: Rpc, after: Duration, status: Status) -> PeerError {
    let address = address.to_owned();
    if let Some(theirs) = rules::protocol_of_refusal(&status) {
        return PeerError::Protocol { address, theirs };
    }
    let is_late = status.code() == Code::DeadlineExceeded
        || found::<tonic::TimeoutExpired>(&status).is_some();
    if is_late {
        return PeerError::Deadline { address, rpc, after };
    }
    if let Some(rustls::Error::AlertReceived(alert)) = found::<rustls::Error>(&status) {
        return PeerError::Refused { address, reason: format!("{alert:?}") };
    }
    if status.source().is_some() {
        return PeerError::Lost { address, rpc, source: Box::new(status) };
    }
    PeerError::Failed { address, failure: failure::from_status(&status) }
}

/// What an unsuccessful handshake means.
pub(super) fn of_handshake(address: &str, error: io::Error) -> PeerError {
    let address = address.to_owned();
    match found::<rustls::Error>(&error) {
        Some(rustls::Error::AlertReceived(alert)) => {
            PeerError::Refused { address, reason: format!("{alert:?}") }
        }
        Some(rustls::Error::InvalidCertificate(reason)) => {
            PeerError::Certificate { address, reason: reason.to_string() }
        }
        Some(other) => PeerError::NotADaemon { address, detail: other.to_string() },
        None if error.kind() == io::ErrorKind::UnexpectedEof => PeerError::NotADaemon {
            address,
            detail: "it closed the connection during the TLS handshake".to_owned(),
        },
        None => PeerError::Unreachable { address, source: error },
    }
}

/// The first error of this type among an error and its causes; an `io::Error` shows what it holds.
fn found<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut current = Some(error);
    while let Some(error) = current {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        let held = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        current = match held {
            Some(held) => Some(held as &(dyn Error + 'static)),
            None => error.source(),
        };
    }
    None
}
