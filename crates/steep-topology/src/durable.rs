use crate::Membership;
use core::time::Duration;
use steep_types::{NodeId, Term};

/// What a node must find again after a crash. All of it is written in one transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Durable {
    /// The highest term this node has taken part in.
    pub term: Term,
    /// Whom it voted for, or accepted as coordinator, in that term: one at most.
    pub vote: Option<NodeId>,
    /// For how long it may have promised somebody to follow nobody else.
    pub lease: Duration,
    /// Who belongs to the group.
    pub membership: Membership,
}

impl Durable {
    /// A founder begins with this; all founders with the same membership.
    #[must_use]
    pub fn found(membership: Membership) -> Self {
        Self { membership, ..Self::default() }
    }
}
