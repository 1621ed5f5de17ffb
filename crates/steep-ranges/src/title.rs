use crate::Stripe;
use core::fmt;
use steep_types::NodeId;

/// Who owns the blocks of a stripe, from one block upward: only that node may grant their ids.
///
/// A title is ended by a later one, of a higher generation, for the same stripe or a part of it,
/// from the block where that begins. Only the owner can make it. So each block has one owner at
/// any time, whatever anybody has heard.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Title {
    /// The blocks.
    pub stripe: Stripe,
    /// How many titles came before it: 0 when the table was founded.
    pub generation: u32,
    /// The first block number it is about.
    pub from_block: u64,
    /// Whose they are.
    pub owner: NodeId,
}

impl Title {
    /// Whether it says whose this block is. A later title may say otherwise.
    pub(crate) fn is_about(&self, block: u64) -> bool {
        self.stripe.contains(block) && self.from_block <= block
    }

    /// Whether it gives a part of `older` to somebody.
    pub(crate) fn ends(&self, older: &Self) -> bool {
        older.stripe.holds(self.stripe) && self.generation > older.generation
    }

    /// Whether no owner can have made one after the other.
    pub(crate) fn contradicts(&self, other: &Self) -> bool {
        self != other
            && self.stripe.overlaps(other.stripe)
            && !self.follows(other)
            && !other.follows(self)
    }

    fn follows(&self, older: &Self) -> bool {
        self.ends(older) && self.from_block >= older.from_block
    }
}

impl fmt::Display for Title {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stripe, generation, from_block, owner } = self;
        write!(f, "blocks {stripe} from {from_block} to node {owner} (title {generation})")
    }
}
