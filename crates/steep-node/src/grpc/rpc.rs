//! The methods, and how long each may take.

use std::time::Duration;

/// A method of the service `SteepReplication`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rpc {
    /// `HealthCheck`.
    HealthCheck,
    /// `ProposeCoordinator`.
    ProposeCoordinator,
    /// `AllocateRange`.
    AllocateRange,
    /// `PropagateConflict`.
    PropagateConflict,
    /// `PropagateDDL`.
    PropagateDdl,
    /// `Describe`.
    Describe,
    /// `Join`.
    Join,
    /// `CancelJoin`.
    CancelJoin,
    /// `PrepareJoin`.
    PrepareJoin,
    /// `CompleteJoin`.
    CompleteJoin,
    /// `AbortJoin`.
    AbortJoin,
    /// `ForgetNode`.
    ForgetNode,
    /// `ChangeTable`.
    ChangeTable,
    /// `ManageRanges`.
    ManageRanges,
    /// `TellRanges`.
    TellRanges,
}

impl Rpc {
    /// The name, as in the `.proto` file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::HealthCheck => "HealthCheck",
            Self::ProposeCoordinator => "ProposeCoordinator",
            Self::AllocateRange => "AllocateRange",
            Self::PropagateConflict => "PropagateConflict",
            Self::PropagateDdl => "PropagateDDL",
            Self::Describe => "Describe",
            Self::Join => "Join",
            Self::CancelJoin => "CancelJoin",
            Self::PrepareJoin => "PrepareJoin",
            Self::CompleteJoin => "CompleteJoin",
            Self::AbortJoin => "AbortJoin",
            Self::ForgetNode => "ForgetNode",
            Self::ChangeTable => "ChangeTable",
            Self::ManageRanges => "ManageRanges",
            Self::TellRanges => "TellRanges",
        }
    }

    /// The longest a call may take: what a client waits unless told less, and where a server ends it.
    ///
    /// For `Join` it is the time until the stream begins; the stream itself takes as long as the
    /// copy, and keepalive finds a peer that has gone.
    #[must_use]
    pub fn deadline(self) -> Duration {
        let seconds = match self {
            // Answered from memory, or by one short transaction.
            Self::HealthCheck | Self::ProposeCoordinator | Self::AllocateRange => 10,
            Self::PropagateConflict | Self::PropagateDdl => 10,
            // A few catalog queries.
            Self::Describe | Self::Join => 30,
            // An apply worker may have to end first.
            Self::TellRanges => 60,
            // Undoing drops slots and subscriptions, which wait for their workers to end; table
            // locks wait for whoever has them.
            Self::CancelJoin | Self::AbortJoin | Self::ForgetNode => 300,
            Self::ChangeTable | Self::ManageRanges => 300,
            // A logical slot waits for every transaction that was open before it. Whoever has
            // longer ones asks again: repeating these changes nothing.
            Self::PrepareJoin | Self::CompleteJoin => 900,
        };
        Duration::from_secs(seconds)
    }
}
