//! The progress of a join, as it comes.

use steep_proto::JoinProgress;
use tonic::Streaming;

use super::super::Rpc;
use super::{PeerError, error};

/// What a joining peer tells. Dropping it only stops listening; it does not stop the join.
#[derive(Debug)]
pub struct JoinEvents {
    stream: Streaming<JoinProgress>,
    address: String,
}

impl JoinEvents {
    pub(super) fn new(stream: Streaming<JoinProgress>, address: String) -> Self {
        Self { stream, address }
    }

    /// The next word; none after the last.
    ///
    /// There is no deadline between two words, but a peer that has gone is noticed within
    /// seconds: the connection is kept alive.
    ///
    /// # Errors
    /// [`PeerError::Lost`] when the connection is gone.
    pub async fn next(&mut self) -> Result<Option<JoinProgress>, PeerError> {
        let deadline = Rpc::Join.deadline();
        let word = self.stream.message().await;
        word.map_err(|status| error::of_call(&self.address, Rpc::Join, deadline, status))
    }
}
