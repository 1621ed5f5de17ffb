//! How a node that joins comes to blocks, and what becomes of those of a node that leaves.

use crate::{Allocator, Row, State, Stripe, Title};
use alloc::vec::Vec;
use steep_types::NodeId;

/// Why a node gives no blocks away.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ShareError {
    /// It would give to itself.
    #[error("node {node} cannot share with itself")]
    Itself {
        /// The node.
        node: NodeId,
    },
    /// It was restored, and cannot know what it has given away. Another may be asked.
    #[error("node {node} was restored and has not heard from node {peer} yet")]
    Restored {
        /// The node.
        node: NodeId,
        /// One of those it waits for.
        peer: NodeId,
    },
    /// It does not own two untouched blocks of one stripe. Another may be asked.
    #[error("node {node} has no two untouched blocks to share")]
    TooLittle {
        /// The node.
        node: NodeId,
    },
}

/// Blocks that can be given away: those of a stripe from one number up.
struct Untouched {
    stripe: Stripe,
    from_block: u64,
    /// How many blocks the space has.
    blocks: u64,
    generation: u32,
}

impl Untouched {
    fn title(&self, stripe: Stripe, owner: &NodeId) -> Title {
        let Self { from_block, generation, .. } = *self;
        Title { stripe, generation: generation + 1, from_block, owner: owner.clone() }
    }

    fn first_of(&self, stripe: Stripe) -> Option<u64> {
        Some(stripe.at_or_above(self.from_block)).filter(|&block| block < self.blocks)
    }
}

impl Allocator {
    /// Gives every second one of the node's untouched blocks to `peer`, from its widest stripe.
    ///
    /// This is how a node that joins becomes able to grant; any one member can do it. The rows are
    /// to be recorded together, then told. Each call gives away more, so whoever repeats one whose
    /// answer was lost looks first whether `peer` owns something.
    ///
    /// # Errors
    /// [`ShareError`] says why not; nothing was changed.
    pub fn share(&mut self, peer: &NodeId) -> Result<Vec<Row>, ShareError> {
        self.check_peer(peer)?;
        let mut untouched = self.untouched();
        untouched.sort_by_key(|one| one.stripe);
        let halved = untouched.iter().find_map(|one| {
            let (lower, upper) = one.stripe.halves()?;
            let (low, high) = (one.first_of(lower)?, one.first_of(upper)?);
            // The next block stays: ids go on without a gap.
            let (kept, given) = if low < high { (lower, upper) } else { (upper, lower) };
            Some([one.title(kept, &self.me), one.title(given, peer)])
        });
        let halved = halved.ok_or_else(|| ShareError::TooLittle { node: self.me.clone() })?;
        Ok(self.put_titles(halved))
    }

    /// Gives all untouched blocks to `peer`, as a node does that leaves the group.
    ///
    /// What is left of blocks that were begun stays with this node: less than a block for each
    /// stripe. The rows are to be recorded together, then told. None are returned if nothing is
    /// left to give.
    ///
    /// # Errors
    /// [`ShareError`] says why not; nothing was changed.
    pub fn hand_over(&mut self, peer: &NodeId) -> Result<Vec<Row>, ShareError> {
        self.check_peer(peer)?;
        let titles: Vec<_> =
            self.untouched().iter().map(|one| one.title(one.stripe, peer)).collect();
        Ok(self.put_titles(titles))
    }

    fn check_peer(&self, peer: &NodeId) -> Result<(), ShareError> {
        let node = self.me.clone();
        if *peer == self.me {
            return Err(ShareError::Itself { node });
        }
        match self.unheard.first() {
            Some(peer) => Err(ShareError::Restored { node, peer: peer.clone() }),
            None => Ok(()),
        }
    }

    fn untouched(&self) -> Vec<Untouched> {
        // What was partly given away is not given again: only its owners know its parts.
        let titles = self.state.all_titles();
        let own = titles.iter().filter(|title| title.owner == self.me && titles.is_whole(title));
        let untouched = own.map(|title| Untouched {
            stripe: title.stripe,
            from_block: self.state.untouched_block(title),
            blocks: self.state.space().blocks(),
            generation: title.generation,
        });
        untouched.filter(|one| one.from_block < one.blocks).collect()
    }

    fn put_titles(&mut self, titles: impl IntoIterator<Item = Title>) -> Vec<Row> {
        let rows: Vec<_> = titles.into_iter().map(Row::Title).collect();
        for row in &rows {
            self.state.put(row);
        }
        rows
    }
}

impl State {
    /// Whether `node` owns a block in which ids are free.
    #[must_use]
    pub fn owns_free_ids(&self, node: &NodeId) -> bool {
        self.first_free(node).is_some()
    }
}
