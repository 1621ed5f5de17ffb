use crate::IdRange;
use alloc::collections::BTreeMap;

/// A set of ids, kept as the fewest ranges that hold them.
///
/// Sets only grow. The union does not depend on the order in which ranges came in, and two sets
/// with the same ids are equal.
///
/// ```
/// use steep_ranges::{IdRange, RangeSet};
///
/// let mut set = RangeSet::new();
/// for (start, end) in [(11, 20), (31, 40), (21, 30)] {
///     set.insert(IdRange::new(start, end)?);
/// }
/// assert_eq!(set.iter().collect::<Vec<_>>(), [IdRange::new(11, 40)?]);
/// # Ok::<(), steep_ranges::IdRangeError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RangeSet {
    /// First id to last id; no two of them touch.
    ranges: BTreeMap<i64, i64>,
}

impl RangeSet {
    /// No ids.
    #[must_use]
    pub const fn new() -> Self {
        Self { ranges: BTreeMap::new() }
    }

    /// Adds all ids of `range`; says whether one of them is new.
    pub fn insert(&mut self, range: IdRange) -> bool {
        if self.covering(range.start()).is_some_and(|held| held.end() >= range.end()) {
            return false;
        }
        let (mut start, mut end) = (range.start(), range.end());
        // Whatever overlaps or touches: `end` is below the largest bigint, so `end + 1` exists.
        while let Some((&first, &last)) = self.ranges.range(..=end + 1).next_back() {
            if last < start.saturating_sub(1) {
                break;
            }
            self.ranges.remove(&first);
            (start, end) = (start.min(first), end.max(last));
        }
        self.ranges.insert(start, end);
        true
    }

    /// Whether `id` is in the set.
    #[must_use]
    pub fn contains(&self, id: i64) -> bool {
        self.covering(id).is_some()
    }

    /// The whole range of the set that `id` is in.
    #[must_use]
    pub fn covering(&self, id: i64) -> Option<IdRange> {
        let (&start, &end) = self.ranges.range(..=id).next_back()?;
        (id <= end).then(|| IdRange::within(start, end))
    }

    /// The first ids of `within` that are not in the set, up to the next that is.
    #[must_use]
    pub fn first_gap(&self, within: IdRange) -> Option<IdRange> {
        let free = match self.covering(within.start()) {
            Some(taken) => within.above(taken.end())?,
            None => within,
        };
        let next = self.ranges.range(free.start()..=free.end()).next();
        Some(next.map_or(free, |(&next, _)| IdRange::within(free.start(), next - 1)))
    }

    /// All gaps in `within`, ascending.
    pub fn gaps(&self, within: IdRange) -> impl Iterator<Item = IdRange> {
        let mut rest = Some(within);
        core::iter::from_fn(move || {
            let gap = self.first_gap(rest?)?;
            rest = within.above(gap.end());
            Some(gap)
        })
    }

    /// How many ids of `within` are not in the set.
    #[must_use]
    pub fn count_gaps(&self, within: IdRange) -> u64 {
        self.gaps(within).map(IdRange::len).sum()
    }

    /// The ranges, ascending.
    pub fn iter(&self) -> impl Iterator<Item = IdRange> {
        self.ranges.iter().map(|(&start, &end)| IdRange::within(start, end))
    }
}
