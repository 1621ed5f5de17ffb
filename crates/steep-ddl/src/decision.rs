use core::fmt;
use steep_types::{CommitTs, NodeId};

/// What somebody decided about a statement that waits.
///
/// Rejection is less: of two decisions that one node made in the same microsecond it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// It shall not be carried out.
    Reject,
    /// It shall be carried out.
    Approve,
}

impl Verdict {
    /// The name used in SQL.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reject => "reject",
            Self::Approve => "approve",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A verdict, and when and where it was given.
///
/// Ordered by time, node and verdict. The least decision about a statement counts, on every node:
/// [`merge`](Self::merge) is the minimum, so that nodes which have heard the same decisions agree,
/// in whatever order they heard them.
///
/// *Why the earliest, and not the strictest.* A decision that all nodes have heard, and perhaps
/// acted on, must not be overturned by a later one. Only decisions made at the same time, by nodes
/// that had not heard of each other, are in contest; a node that has heard of one takes no other.
///
/// ```
/// use steep_ddl::{Decision, Verdict};
/// use steep_types::CommitTs;
///
/// let approved = Decision {
///     at: CommitTs::from_micros(7),
///     node: "a".parse()?,
///     verdict: Verdict::Approve,
/// };
/// let rejected = Decision {
///     at: CommitTs::from_micros(6),
///     node: "b".parse()?,
///     verdict: Verdict::Reject,
/// };
/// assert_eq!(approved.clone().merge(rejected.clone()), rejected);
/// assert_eq!(rejected.clone().merge(approved), rejected);
/// # Ok::<(), steep_types::NodeIdError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decision {
    /// When, by the clock of that node.
    pub at: CommitTs,
    /// On which node.
    pub node: NodeId,
    /// What.
    pub verdict: Verdict,
}

impl Decision {
    /// The one of both that counts.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        self.min(other)
    }
}
