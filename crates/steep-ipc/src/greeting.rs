//! Who speaks which version of the protocol.

use alloc::format;
use alloc::string::String;

use serde::{Deserialize, Serialize};

use crate::{BodyError, Failure, Reply};

/// The version of the protocol that this crate speaks.
pub const PROTOCOL: u32 = 1;

/// The first frame of a client. A later version may add fields; all of them keep `protocol`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Greeting {
    /// The version that the client speaks.
    pub protocol: u32,
    /// Name and version of the client, for the daemon's log: `steep-replctl 0.1.0`.
    #[serde(default)]
    pub client: String,
}

impl Greeting {
    /// The greeting of a client that uses this crate.
    #[must_use]
    pub fn new(client: impl Into<String>) -> Self {
        Self { protocol: PROTOCOL, client: client.into() }
    }

    /// Reads a greeting, as a daemon.
    ///
    /// # Errors
    /// When it is none.
    pub fn from_json(body: &[u8]) -> Result<Self, BodyError> {
        crate::body::read(body, "greeting")
    }

    /// Whether client and daemon understand each other, as the daemon sees it.
    ///
    /// # Errors
    /// The refusal to send, when they do not.
    pub fn negotiate(&self) -> Result<(), Failure> {
        if self.protocol == PROTOCOL {
            return Ok(());
        }
        let older = if self.protocol < PROTOCOL { "client" } else { "daemon" };
        let refusal = format!(
            "the client speaks version {} of the protocol, the daemon version {PROTOCOL}",
            self.protocol
        );
        let hint = format!("use a client and a daemon of the same release; the {older} is older");
        Err(Failure::operator(refusal).with_hint(hint))
    }
}

/// The answer of a daemon that will listen to requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// The version that will be spoken.
    pub protocol: u32,
    /// Version of the daemon.
    pub daemon: String,
    /// The daemon's node id, once it has one.
    #[serde(default)]
    pub node: Option<String>,
}

impl Welcome {
    /// The welcome of a daemon that uses this crate.
    #[must_use]
    pub fn new(daemon: impl Into<String>, node: Option<String>) -> Self {
        Self { protocol: PROTOCOL, daemon: daemon.into(), node }
    }
}

/// Reads the answer to a greeting, as a client: a welcome, or the daemon's refusal.
///
/// # Errors
/// When it is neither.
pub fn read_answer(body: &[u8]) -> Result<Result<Welcome, Failure>, BodyError> {
    match Reply::from_json(body) {
        Ok(Reply::Failed(refusal)) => Ok(Err(refusal)),
        _ => crate::body::read(body, "answer to a greeting").map(Ok),
    }
}
