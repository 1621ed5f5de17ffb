use core::fmt;

/// Consecutive ids, both ends included; never empty.
///
/// The largest `bigint` is in no range: an inclusive `int8range` cannot end there
/// (`int8range_canonical`, rangetypes.c), and the table of ranges is kept apart by such ranges.
///
/// ```
/// use steep_ranges::IdRange;
///
/// let range = IdRange::new(10_001, 20_000)?;
/// assert!(range.contains(20_000) && range.len() == 10_000);
/// assert!(!range.overlaps(IdRange::new(20_001, 30_000)?));
/// # Ok::<(), steep_ranges::IdRangeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdRange {
    start: i64,
    end: i64,
}

/// Why two ids are not the ends of an [`IdRange`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdRangeError {
    /// The end is before the start.
    #[error("range {start} to {end} ends before it starts")]
    Reversed {
        /// The first id.
        start: i64,
        /// The last id.
        end: i64,
    },
    /// The end is the largest `bigint`.
    #[error("range from {start} ends at the largest bigint, which no range may hold")]
    EndsTooHigh {
        /// The first id.
        start: i64,
    },
}

#[allow(clippy::len_without_is_empty, reason = "no range is empty")]
impl IdRange {
    /// The ids from `start` to `end`, both included.
    ///
    /// # Errors
    /// The end is before the start, or the largest `bigint`.
    pub const fn new(start: i64, end: i64) -> Result<Self, IdRangeError> {
        if end < start {
            return Err(IdRangeError::Reversed { start, end });
        }
        if end == i64::MAX {
            return Err(IdRangeError::EndsTooHigh { start });
        }
        Ok(Self { start, end })
    }

    /// For ends that the caller took from ranges that exist, and compared.
    pub(crate) const fn within(start: i64, end: i64) -> Self {
        debug_assert!(start <= end && end < i64::MAX);
        Self { start, end }
    }

    /// The first id (`range_start`).
    #[must_use]
    pub const fn start(self) -> i64 {
        self.start
    }

    /// The last id (`range_end`).
    #[must_use]
    pub const fn end(self) -> i64 {
        self.end
    }

    /// How many ids it holds, at least 1.
    #[must_use]
    pub const fn len(self) -> u64 {
        self.end.abs_diff(self.start) + 1
    }

    /// Whether `id` is in it.
    #[must_use]
    pub const fn contains(self, id: i64) -> bool {
        self.start <= id && id <= self.end
    }

    /// Whether both hold an id.
    #[must_use]
    pub const fn overlaps(self, other: Self) -> bool {
        self.start <= other.end && other.start <= self.end
    }

    /// The ids that both hold.
    #[must_use]
    pub fn intersection(self, other: Self) -> Option<Self> {
        self.overlaps(other)
            .then(|| Self::within(self.start.max(other.start), self.end.min(other.end)))
    }

    /// Its first `count` ids, or all. `count` is at least 1.
    pub(crate) fn first(self, count: u64) -> Self {
        debug_assert!(count > 0);
        Self::within(self.start, self.end.min(self.start.saturating_add_unsigned(count - 1)))
    }

    /// The ids above `id`.
    pub(crate) fn above(self, id: i64) -> Option<Self> {
        (id < self.end).then(|| Self::within(self.start.max(id.saturating_add(1)), self.end))
    }
}

impl fmt::Display for IdRange {
    /// As people write it: `10001-20000`, and `-5 to -1` where a hyphen would be read as a sign.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let between = if self.start < 0 { " to " } else { "-" };
        write!(f, "{}{between}{}", self.start, self.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn the_ends_of_bigint_are_no_trap() {
        let all = IdRange::new(i64::MIN, i64::MAX - 1).unwrap();
        assert_eq!(all.len(), u64::MAX);
        assert_eq!(all.above(i64::MAX - 1), None);
        assert_eq!(all.first(u64::MAX), all);
        assert_eq!(all.first(1), IdRange::new(i64::MIN, i64::MIN).unwrap());
        assert_eq!(IdRange::new(1, i64::MAX), Err(IdRangeError::EndsTooHigh { start: 1 }));
        assert_eq!(IdRange::new(2, 1), Err(IdRangeError::Reversed { start: 2, end: 1 }));
    }

    #[test]
    fn a_negative_start_is_not_written_as_a_subtraction() {
        assert_eq!(IdRange::new(1, 9).unwrap().to_string(), "1-9");
        assert_eq!(IdRange::new(-5, -1).unwrap().to_string(), "-5 to -1");
    }
}
