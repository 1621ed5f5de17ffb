use crate::IdRange;
use core::fmt;
use steep_types::NodeId;

/// A range that a node was given to draw ids from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The ids.
    pub range: IdRange,
    /// Who draws from them.
    pub holder: NodeId,
    /// Who gave them, out of its own blocks. A node can give to itself.
    pub granter: NodeId,
    /// Which request of the holder it answers.
    pub request: u64,
    /// How far its use has come.
    pub status: Status,
}

/// How far the use of a range has come. A later status wins when rows are merged.
///
/// In `identity_ranges` the first two are `active`, the others have the names they have there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Recorded by its granter; the holder may not know of it. Set by the granter.
    Granted,
    /// Drawn from, or waiting for its turn. Set by the holder when it has recorded the range.
    Active {
        /// Its place in the order in which the holder uses its ranges.
        turn: u64,
    },
    /// Used up, or given up because nobody knows how far it was used. Set by the holder.
    Exhausted,
    /// Given up by a person. Its ids are given to nobody else. Set by the holder.
    Released,
}

/// What a node asks a granter for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Who asks.
    pub holder: NodeId,
    /// Above the number of every range that the holder knows it was given. So a request that is
    /// repeated because the answer was lost, even by a crash of the holder, has the same number,
    /// and gets the same answer.
    pub number: u64,
    /// How many ids are wanted. A range may hold fewer. It holds more only if it was granted before,
    /// for a request of this number that wanted more.
    pub size: u64,
}

impl Grant {
    /// Whether the two tell of the same act, however old each is.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        self.range == other.range
            && self.holder == other.holder
            && self.granter == other.granter
            && self.request == other.request
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { range, holder, granter, request, .. } = self;
        write!(f, "range {range} from node {granter} to node {holder} (request {request})")
    }
}
