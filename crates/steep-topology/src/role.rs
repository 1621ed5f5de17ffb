use crate::Phase;
use alloc::collections::BTreeSet;
use steep_types::{Instant, NodeId, Term};

/// What a node is in an election. A node that acts alone has one of these as well.
#[derive(Clone, Debug)]
pub(crate) enum Role {
    Follower,
    Candidate(Campaign),
    Coordinator(Reign),
}

/// An attempt to be elected.
#[derive(Clone, Debug)]
pub(crate) struct Campaign {
    pub(crate) phase: Phase,
    pub(crate) term: Term,
    pub(crate) exchange: u64,
    /// Before anybody was asked: promises count from here.
    pub(crate) started: Instant,
    /// When it has failed. A vote that comes later is not counted.
    pub(crate) ends: Instant,
    pub(crate) votes: BTreeSet<NodeId>,
}

/// Time as an elected coordinator.
#[derive(Clone, Debug)]
pub(crate) struct Reign {
    pub(crate) term: Term,
    /// Its membership is on the disks of a quorum, so that no older one can elect anybody.
    pub(crate) is_established: bool,
    /// The end of the lease; while there is none, the beginning of the reign.
    pub(crate) until: Instant,
    /// The driver has been told to act, and not to stop.
    pub(crate) is_acting: bool,
}

/// One of two, without the other.
#[derive(Clone, Debug)]
pub(crate) struct Alone {
    pub(crate) term: Term,
    /// The term is on disk and the driver has been told.
    pub(crate) is_acting: bool,
}

/// A node that was to be added and has to answer first.
#[derive(Clone, Debug)]
pub(crate) struct Applicant {
    pub(crate) node: NodeId,
    pub(crate) priority: steep_types::Priority,
    pub(crate) gives_up: Instant,
}
