use core::fmt;

/// Every 2^n-th block: those whose number leaves the same remainder.
///
/// Stripes are halved, never cut otherwise, so of two stripes either one holds the other or they
/// have no block in common. A fixed divisor would bound the number of nodes, and one that follows
/// it would not keep stripes apart: with two nodes, block 2 is the first node's (2 mod 2 = 0);
/// with three, the third's (2 mod 3 = 2), while the first may not have heard of it.
///
/// ```
/// use steep_ranges::Stripe;
///
/// let (even, odd) = Stripe::ALL.halves().ok_or("one block left")?;
/// assert!(even.contains(2) && odd.contains(3));
/// assert_eq!(odd.halves().map(|(_, half)| half.to_string()).as_deref(), Some("3 mod 4"));
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stripe {
    halvings: u8,
    remainder: u64,
}

impl Stripe {
    /// All blocks.
    pub const ALL: Self = Self { halvings: 0, remainder: 0 };

    /// Far more than there are blocks to share.
    const MAX_HALVINGS: u8 = 62;

    /// The blocks whose number leaves `remainder` when divided by 2^`halvings`; nothing if there
    /// is no such stripe.
    #[must_use]
    pub const fn new(halvings: u8, remainder: u64) -> Option<Self> {
        if halvings > Self::MAX_HALVINGS || remainder >> halvings != 0 {
            return None;
        }
        Some(Self { halvings, remainder })
    }

    /// How often [`Stripe::ALL`] was halved to get it.
    #[must_use]
    pub const fn halvings(self) -> u8 {
        self.halvings
    }

    /// What a block number of it leaves when divided by [`Stripe::step`].
    #[must_use]
    pub const fn remainder(self) -> u64 {
        self.remainder
    }

    /// The distance from one of its blocks to the next.
    #[must_use]
    pub const fn step(self) -> u64 {
        1 << self.halvings
    }

    /// Whether the block with this number belongs to it.
    #[must_use]
    pub const fn contains(self, block: u64) -> bool {
        block & (self.step() - 1) == self.remainder
    }

    /// Whether every block of `other` belongs to it.
    #[must_use]
    pub const fn holds(self, other: Self) -> bool {
        self.halvings <= other.halvings && self.contains(other.remainder)
    }

    /// Whether the two have a block in common.
    #[must_use]
    pub const fn overlaps(self, other: Self) -> bool {
        self.holds(other) || other.holds(self)
    }

    /// Its two halves, the one with the lower remainder first.
    #[must_use]
    pub const fn halves(self) -> Option<(Self, Self)> {
        if self.halvings == Self::MAX_HALVINGS {
            return None;
        }
        let halvings = self.halvings + 1;
        let upper = self.remainder + self.step();
        Some((Self { halvings, ..self }, Self { halvings, remainder: upper }))
    }

    /// Its first block that is not below `block`; saturates, beyond every space.
    #[must_use]
    pub const fn at_or_above(self, block: u64) -> u64 {
        block.saturating_add(self.remainder.wrapping_sub(block) & (self.step() - 1))
    }
}

impl fmt::Display for Stripe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} mod {}", self.remainder, self.step())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_have_nothing_in_common_and_leave_nothing_out() {
        let quarter = Stripe::new(2, 3).unwrap();
        let (one, other) = quarter.halves().unwrap();
        assert!(!one.overlaps(other) && quarter.holds(one) && quarter.holds(other));
        for block in 0..64 {
            assert_eq!(quarter.contains(block), one.contains(block) != other.contains(block));
        }
    }

    #[test]
    fn the_next_block_is_the_lowest_that_belongs() {
        let stripe = Stripe::new(2, 1).unwrap();
        let next: alloc::vec::Vec<_> = (0..7).map(|block| stripe.at_or_above(block)).collect();
        assert_eq!(next, [1, 1, 5, 5, 5, 5, 9]);
        assert_eq!(Stripe::ALL.at_or_above(7), 7);
        assert_eq!(stripe.at_or_above(u64::MAX), u64::MAX);
    }

    #[test]
    fn a_remainder_is_below_the_divisor() {
        assert_eq!(Stripe::new(1, 2), None);
        assert_eq!(Stripe::new(63, 0), None);
        assert!(Stripe::new(62, (1 << 62) - 1).unwrap().halves().is_none());
    }
}
