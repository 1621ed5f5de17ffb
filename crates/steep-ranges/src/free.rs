//! Where a node's blocks have ids that nobody has.

use crate::{IdRange, State, Title, titles::open_block};
use steep_types::NodeId;

impl State {
    /// Which of `reachable` to ask for the next range: the one that owns the lowest free id.
    ///
    /// Asked so, nodes in contact use up the ids in order, as one server would, whoever needs
    /// most. Without contact each node finds itself, or nobody if it owns no free id. A stale
    /// answer costs gaps that are filled later, never an overlap: whoever is asked grants from its
    /// own blocks only.
    #[must_use]
    pub fn granter<'a>(
        &self,
        reachable: impl IntoIterator<Item = &'a NodeId>,
    ) -> Option<&'a NodeId> {
        let free = reachable
            .into_iter()
            .filter_map(|node| self.first_free(node).map(|gap| (gap.start(), node)));
        free.min().map(|(_, node)| node)
    }

    /// The lowest ids in the blocks of `owner` that are neither granted nor occupied, up to the
    /// end of the block.
    pub(crate) fn first_free(&self, owner: &NodeId) -> Option<IdRange> {
        let titles = self.all_titles().of(owner);
        titles.filter_map(|(title, first)| self.first_free_under(title, first)).min()
    }

    fn first_free_under(&self, title: &Title, first: u64) -> Option<IdRange> {
        let (space, titles) = (self.space(), self.all_titles());
        let until = titles.end_of(title).unwrap_or(u64::MAX);
        let mut block = first;
        while block < until {
            let gap = self.taken().first_gap(space.block(block)?);
            if gap.is_some() && titles.of_block(block) == Some(title) {
                return gap;
            }
            block = open_block(title.stripe, block + 1, space, self.taken());
        }
        None
    }

    /// The first block under `title` from which on its owner has granted nothing.
    ///
    /// Occupied ids do not count: whoever owns them knows of them, or learns of them in time, as
    /// anybody else would.
    pub(crate) fn untouched_block(&self, title: &Title) -> u64 {
        let mut blocks =
            self.grants().rev().map(|grant| self.space().block_of(grant.range.start()));
        let last = blocks.find(|&block| title.stripe.contains(block));
        let above = last.map_or(0, |block| block + 1);
        title.stripe.at_or_above(above.max(title.from_block))
    }
}
