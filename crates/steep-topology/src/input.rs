use crate::{Condition, Message, Stream, WallClock};
use steep_types::{NodeId, Priority};

/// What has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Input {
    /// A message came; `from` is whom the peer's certificate names.
    Received {
        /// Who sent it.
        from: NodeId,
        /// What it said.
        message: Message,
    },
    /// The state of that [`Action::Persist`](crate::Action::Persist), or a later one, is on disk.
    Persisted(u64),
    /// The driver has looked at its PostgreSQL and its subscriptions.
    ConditionSeen(Condition),
    /// The driver has looked at the subscription to a peer.
    StreamSeen(NodeId, Stream),
    /// The wall clock was read. Best right before a message is handed over, and before
    /// [`Topology::handle_timeout`](crate::Topology::handle_timeout).
    WallClockRead(WallClock),
    /// A person, or a program for them, has asked for something.
    Commanded(Command),
}

/// What a person can ask for.
///
/// All but two are for the acting coordinator, and refused by others with its name. The answer is
/// an [`Event`](crate::Event): `CommandDone` when a quorum has written it down, or
/// `CommandRefused`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command {
    /// Make a node a member. It must answer first.
    Add(NodeId, Priority),
    /// Make a member a stranger. It may be the coordinator itself, which then hands over.
    Remove(NodeId),
    /// Give a member another priority.
    SetPriority(NodeId, Priority),
    /// Make a member coordinator whatever its priority, until it is demoted or out of reach.
    Promote(NodeId),
    /// Undo a promotion.
    Demote,
    /// One of two nodes is to act alone now, without waiting: on that node itself, when the other
    /// one is silent and its promise is over.
    ActAlone,
    /// One of two nodes is gone for good: on the other one, when the promise to it is over. It is
    /// also the way out if the node was lost while the group grew from two or shrank to two.
    /// **The node that is expelled must never run again**; nothing can check that.
    Expel(NodeId),
}
