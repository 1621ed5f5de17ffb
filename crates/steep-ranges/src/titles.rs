use crate::{RangeSet, Space, Stripe, Title};
use alloc::{collections::BTreeMap, vec::Vec};
use steep_types::NodeId;

/// All titles of a table, those that have ended among them; and so, who owns which block.
///
/// With each title goes its first block in which an id is free. Ids that are taken stay taken, so
/// it only moves up, and a grant does not have to look at all blocks that were ever used up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Titles(BTreeMap<Title, u64>);

impl Titles {
    pub(crate) const fn new() -> Self {
        Self(BTreeMap::new())
    }

    pub(crate) fn insert(&mut self, title: Title, space: Space, taken: &RangeSet) -> bool {
        let first = open_block(title.stripe, title.from_block, space, taken);
        self.0.insert(title, first).is_none()
    }

    /// More ids are taken.
    pub(crate) fn move_up(&mut self, space: Space, taken: &RangeSet) {
        for (title, first) in &mut self.0 {
            *first = open_block(title.stripe, *first, space, taken);
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Title> {
        self.0.keys()
    }

    /// The titles of a node, each with its first block in which an id is free.
    pub(crate) fn of(&self, owner: &NodeId) -> impl Iterator<Item = (&Title, u64)> {
        let owned = self.0.iter().filter(move |(title, _)| title.owner == *owner);
        owned.map(|(title, first)| (title, *first))
    }

    pub(crate) fn contradicting(&self, title: &Title) -> Option<&Title> {
        self.iter().find(|ours| ours.contradicts(title))
    }

    /// The title that counts for this block: of those that are about it, the last.
    pub(crate) fn of_block(&self, block: u64) -> Option<&Title> {
        let about = self.iter().filter(|title| title.is_about(block));
        about.max_by_key(|title| title.generation)
    }

    /// Whether no part of `title` was given away.
    pub(crate) fn is_whole(&self, title: &Title) -> bool {
        !self.iter().any(|later| later.ends(title))
    }

    /// From which block on all of `title` was given away, if it was.
    pub(crate) fn end_of(&self, title: &Title) -> Option<u64> {
        let later: Vec<_> = self.iter().filter(|later| later.ends(title)).collect();
        end_of_stripe(title.stripe, &later)
    }
}

/// The first block of `stripe` from `block` on in which an id is free; beyond the space if none is.
pub(crate) fn open_block(stripe: Stripe, block: u64, space: Space, taken: &RangeSet) -> u64 {
    let mut block = stripe.at_or_above(block);
    while let Some(ids) = space.block(block) {
        // What is taken often reaches over many blocks, those of others among them.
        block = match taken.covering(ids.start()) {
            Some(taken) if taken.end() >= ids.end() => match space.ids().above(taken.end()) {
                Some(rest) => stripe.at_or_above(space.block_of(rest.start())),
                None => return space.blocks(),
            },
            _ => return block,
        };
    }
    // One number for all that lies beyond, so that equal states are equal.
    space.blocks()
}

/// A stripe ends where one title takes all of it, or where both its halves have ended.
///
/// Of the two titles that halve a stripe one may never have been heard of, if a restore lost it.
/// The blocks that it was about then stay where they were.
fn end_of_stripe(stripe: Stripe, later: &[&Title]) -> Option<u64> {
    let whole = later.iter().filter(|title| title.stripe.holds(stripe));
    let whole = whole.map(|title| title.from_block).min();
    let has_parts = later.iter().any(|title| stripe.holds(title.stripe) && stripe != title.stripe);
    let parts = stripe.halves().filter(|_| has_parts).and_then(|(lower, upper)| {
        Some(end_of_stripe(lower, later)?.max(end_of_stripe(upper, later)?))
    });
    whole.into_iter().chain(parts).min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::KeyType;

    fn title(halvings: u8, remainder: u64, generation: u32, from_block: u64) -> Title {
        let stripe = Stripe::new(halvings, remainder).unwrap();
        Title { stripe, generation, from_block, owner: NodeId::new("a").unwrap() }
    }

    #[test]
    fn a_title_ends_when_both_halves_have() {
        let space = KeyType::Smallint.space();
        let root = title(0, 0, 0, 0);
        let mut titles = Titles::new();
        for (next, end) in [
            (root.clone(), None),
            (title(1, 1, 1, 10), None),
            (title(2, 0, 2, 14), None),
            (title(2, 2, 2, 20), Some(20)),
            (title(1, 0, 1, 12), Some(12)),
        ] {
            titles.insert(next, space, &RangeSet::new());
            assert_eq!(titles.end_of(&root), end);
        }
        assert_eq!(titles.of_block(11).unwrap().generation, 1);
        assert_eq!(titles.of_block(12).unwrap().generation, 1);
        assert_eq!(titles.of_block(9).unwrap().generation, 0);
        assert_eq!(titles.of_block(16).unwrap().generation, 2);
    }
}
