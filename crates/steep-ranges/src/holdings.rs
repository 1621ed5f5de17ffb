use crate::{IdRange, RangeSet};
use alloc::vec::Vec;

/// All ids that a node was ever given: what the check of a written id asks.
///
/// Used up and released ranges are among them. A session may write an id long after it was drawn
/// (`CACHE`, prepared transactions, `pg_restore`), and no other node is ever given it.
///
/// ```
/// use steep_ranges::{Holdings, IdRange};
///
/// let ours: Holdings = [IdRange::new(1, 100)?, IdRange::new(201, 300)?].into_iter().collect();
/// assert!(ours.contains(100) && !ours.contains(101));
/// # Ok::<(), steep_ranges::IdRangeError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holdings {
    /// Ascending; no two touch.
    ranges: Vec<IdRange>,
}

impl Holdings {
    /// Whether this node may write `id`.
    #[must_use]
    #[inline]
    pub fn contains(&self, id: i64) -> bool {
        let below = self.ranges.partition_point(|range| range.start() <= id);
        below > 0 && self.ranges[below - 1].end() >= id
    }

    /// The ids as the fewest ranges, ascending; for messages.
    #[must_use]
    pub fn ranges(&self) -> &[IdRange] {
        &self.ranges
    }
}

impl FromIterator<IdRange> for Holdings {
    fn from_iter<I: IntoIterator<Item = IdRange>>(ranges: I) -> Self {
        let mut set = RangeSet::new();
        for range in ranges {
            set.insert(range);
        }
        Self { ranges: set.iter().collect() }
    }
}
