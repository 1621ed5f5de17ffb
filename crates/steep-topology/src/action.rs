use crate::{Command, Direction, Durable, Health, MembershipId, Message};
use steep_types::{Instant, NodeId, Term};

/// What the driver is to do, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Write this to disk, all or nothing, and say [`Input::Persisted`](crate::Input::Persisted)
    /// with the number. One that was not begun may be skipped for a later one.
    Persist(u64, Durable),
    /// Send it once. Nobody minds if it gets lost.
    Send(NodeId, Message),
    /// Be coordinator. Comes again whenever the lease changes; the last one counts.
    Act(Acting),
    /// Be coordinator no more; end what is being done as one before the next action.
    StopActing,
    /// Tell whoever wants to know.
    Tell(Event),
}

/// In which way a node is coordinator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acting {
    /// Goes with everything that is done as coordinator, so that what comes late can be told.
    pub term: Term,
    /// With whose consent.
    pub mandate: Mandate,
}

/// With whose consent a coordinator acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mandate {
    /// Of a quorum, which follows nobody else until then, on this node's clock. Nobody else acts.
    Quorum {
        /// The end of the lease. Nothing may be done as coordinator from then on.
        until: Instant,
    },
    /// Of nobody: one of two, and the other one is silent. It may act as well.
    Alone,
}

/// What is worth telling.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// Who coordinates, as far as this node knows.
    CoordinatorChanged {
        /// Nothing: nobody is known.
        node: Option<NodeId>,
        /// In which term.
        term: Term,
    },
    /// A link's health has changed.
    LinkChanged {
        /// Who is at its other end.
        peer: NodeId,
        /// Who asks over it.
        direction: Direction,
        /// What it is now.
        health: Health,
    },
    /// This node knows a newer membership.
    MembershipChanged(MembershipId),
    /// A quorum has written down this membership; it holds.
    MembershipSettled(MembershipId),
    /// This node belongs to the group no more.
    Removed,
    /// The coordinator has stopped in favour of this node.
    HandedOver {
        /// Who is asked to follow.
        to: NodeId,
    },
    /// A command has had its effect, and a quorum has written it down.
    CommandDone(Command),
    /// A command has had no effect.
    CommandRefused(Command, CommandRefusal),
    /// The promoted node is out of reach; priorities decide again.
    PromotionEnded(NodeId),
}

/// Why a command has no effect.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommandRefusal {
    /// Only the coordinator can do it, while a quorum follows it.
    #[error("this node does not coordinate with a quorum")]
    NotCoordinator {
        /// Who does, if this node knows.
        coordinator: Option<NodeId>,
    },
    /// The last change has not been written down by a quorum yet.
    #[error("membership {id} is still being changed")]
    Changing {
        /// Which one that is.
        id: MembershipId,
    },
    /// It is a member already.
    #[error("node {0} is a member already")]
    AlreadyMember(NodeId),
    /// It is no member.
    #[error("node {0} is no member")]
    NotMember(NodeId),
    /// It would be the last one.
    #[error("node {0} is the only member")]
    LastMember(NodeId),
    /// It did not answer.
    #[error("node {0} does not answer")]
    Unreachable(NodeId),
    /// Those who would be left and answer are no quorum.
    #[error("the nodes that answer would be no quorum")]
    NoQuorum,
    /// Nobody is promoted.
    #[error("no node is promoted")]
    NotPromoted,
    /// This is not one of two nodes, or the other one was heard, or has a promise.
    #[error("this node is not one of two, the other one of which is silent")]
    NotAlone,
    /// The coordinator changed before a quorum had written it down; it may or may not have had its
    /// effect.
    #[error("the coordinator changed before it was certain")]
    Uncertain,
}
