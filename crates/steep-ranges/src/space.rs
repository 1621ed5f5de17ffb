use crate::IdRange;
use core::fmt;

/// The type of a key column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyType {
    /// `smallint`, to 32,767.
    Smallint,
    /// `integer`, to 2,147,483,647.
    Integer,
    /// `bigint`.
    Bigint,
}

impl KeyType {
    /// The positive ids of the type, which is where its sequence counts, in blocks of a size that
    /// suits it.
    ///
    /// A block bounds a range, so it is large where there is room: 16,777,216 ids last a table
    /// with a million inserts a second for 16 seconds. It is small where there is not, so that
    /// there are some blocks for each node: 128 of 256 ids, 32,768 of 65,536 ids.
    #[must_use]
    pub const fn space(self) -> Space {
        let (end, block_ids) = match self {
            Self::Smallint => (i16::MAX as i64, 1 << 8),
            Self::Integer => (i32::MAX as i64, 1 << 16),
            Self::Bigint => (i64::MAX - 1, 1 << 24),
        };
        Space { ids: IdRange::within(1, end), block_ids }
    }
}

/// All ids that a table's key may have, cut into numbered blocks of equal size (but the last).
///
/// It is the same on every node, for the table's life: block numbers say who owns what.
///
/// ```
/// use steep_ranges::KeyType;
///
/// let space = KeyType::Integer.space();
/// assert_eq!(space.block(1).map(|block| block.to_string()).as_deref(), Some("65537-131072"));
/// assert_eq!(space.ids().end(), i64::from(i32::MAX));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    ids: IdRange,
    block_ids: u64,
}

/// Why a [`Space`] cannot be cut so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpaceError {
    /// A block would hold nothing.
    #[error("a block of 0 ids holds nothing")]
    EmptyBlock,
    /// A block would hold everything, so that two nodes could not share.
    #[error("a block of {block_ids} ids holds all ids of {ids}, and nothing can be shared")]
    OneBlock {
        /// All ids.
        ids: IdRange,
        /// The size of a block.
        block_ids: u64,
    },
}

impl Space {
    /// What is kept back from routine grants: one id in this many, at the end of the space.
    ///
    /// A thirty-second of an `integer` is 67 million ids: hours, for a table that used up the
    /// other two billion in months, in which to change the column's type.
    pub const MARGIN: u64 = 32;

    /// `ids` in blocks of `block_ids`.
    ///
    /// # Errors
    /// There would be no block with an id, or only one block.
    pub const fn new(ids: IdRange, block_ids: u64) -> Result<Self, SpaceError> {
        if block_ids == 0 {
            return Err(SpaceError::EmptyBlock);
        }
        if block_ids >= ids.len() {
            return Err(SpaceError::OneBlock { ids, block_ids });
        }
        Ok(Self { ids, block_ids })
    }

    /// All ids.
    #[must_use]
    pub const fn ids(self) -> IdRange {
        self.ids
    }

    /// How many ids a block holds, which is also the most that one range holds.
    #[must_use]
    pub const fn block_ids(self) -> u64 {
        self.block_ids
    }

    /// How many blocks there are.
    #[must_use]
    pub const fn blocks(self) -> u64 {
        self.ids.len().div_ceil(self.block_ids)
    }

    /// The ids of the block with this number, counted from 0.
    #[must_use]
    pub fn block(self, number: u64) -> Option<IdRange> {
        let offset = number.checked_mul(self.block_ids).filter(|&ids| ids < self.ids.len())?;
        let start = self.ids.start().wrapping_add_unsigned(offset);
        Some(IdRange::within(start, self.ids.end()).first(self.block_ids))
    }

    /// The number of the block that `id` is in. `id` is one of [`Space::ids`].
    pub(crate) const fn block_of(self, id: i64) -> u64 {
        id.abs_diff(self.ids.start()) / self.block_ids
    }

    /// The last id that a routine grant may hold; see [`Space::MARGIN`].
    #[must_use]
    pub const fn routine_end(self) -> i64 {
        self.ids.end().wrapping_sub_unsigned(self.ids.len() / Self::MARGIN)
    }
}

impl fmt::Display for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ids {} in blocks of {}", self.ids, self.block_ids)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_cover_each_type_to_its_last_id() {
        for key in [KeyType::Smallint, KeyType::Integer, KeyType::Bigint] {
            let space = key.space();
            let last = space.block(space.blocks() - 1).unwrap();
            assert_eq!(last.end(), space.ids().end());
            assert_eq!(space.block_of(last.end()), space.blocks() - 1);
            assert_eq!(space.block(space.blocks()), None);
            assert_eq!(space.block(1).unwrap().start(), space.block(0).unwrap().end() + 1);
        }
        assert_eq!(KeyType::Smallint.space().blocks(), 128);
        assert_eq!(KeyType::Integer.space().blocks(), 32_768);
    }

    #[test]
    fn a_space_may_reach_over_zero_to_both_ends() {
        let all = IdRange::new(i64::MIN, i64::MAX - 1).unwrap();
        let space = Space::new(all, 1 << 62).unwrap();
        let starts: alloc::vec::Vec<_> =
            (0..5).map(|number| space.block(number).map(IdRange::start)).collect();
        assert_eq!(starts, [Some(i64::MIN), Some(-1 << 62), Some(0), Some(1 << 62), None],);
        assert_eq!(Space::new(all, 0), Err(SpaceError::EmptyBlock));
        assert!(matches!(Space::new(all, u64::MAX), Err(SpaceError::OneBlock { .. })));
    }

    #[test]
    fn the_margin_is_at_the_end() {
        assert_eq!(KeyType::Smallint.space().routine_end(), 32_767 - 1_023);
    }
}
