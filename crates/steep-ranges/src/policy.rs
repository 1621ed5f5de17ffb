use crate::Space;
use core::time::Duration;

/// What an operator wants of a table's ranges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    range_size: u64,
    max_range_size: u64,
    threshold_percent: u8,
    outage: Duration,
    range_lasts: Duration,
}

/// Why a [`Policy`] makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// The range size is 0.
    #[error("range size 0 holds no id")]
    Size,
    /// The threshold is not between 1 and 100.
    #[error("threshold {percent} % is not within 1 and 100 %")]
    Threshold {
        /// In percent.
        percent: u8,
    },
}

impl Policy {
    /// The largest range is that much larger than the configured one, if blocks allow. A table
    /// that outgrows it by far is better served by a larger setting than by our guess.
    const MAX_GROWTH: u64 = 1024;

    /// The default time that a node goes on from its reserve: long enough for a server to be
    /// restarted or a link to be mended, without setting aside what a day would need.
    const OUTAGE: Duration = Duration::from_secs(10 * 60);

    /// A range lasts about a minute at least: then a table that inserts as fast as it can has one
    /// grant a minute, and what is lost with a range is little.
    const RANGE_LASTS: Duration = Duration::from_secs(60);

    /// And this part of a table's age: its ranges then grow in number with the logarithm of its age,
    /// some thousands a year and not half a million. Every session reads what its node has been given.
    const PART_OF_AGE: u32 = 500;

    /// Ranges of `range_size` ids, more for a busy table, asked for when `threshold_percent` of
    /// one is used.
    ///
    /// A block bounds a range, so a larger `range_size` has the effect of a block's.
    ///
    /// # Errors
    /// The size or the threshold is out of bounds.
    pub fn new(space: Space, range_size: u64, threshold_percent: u8) -> Result<Self, PolicyError> {
        if range_size == 0 {
            return Err(PolicyError::Size);
        }
        if !(1..=100).contains(&threshold_percent) {
            return Err(PolicyError::Threshold { percent: threshold_percent });
        }
        let range_size = range_size.min(space.block_ids());
        let max_range_size = range_size.saturating_mul(Self::MAX_GROWTH).min(space.block_ids());
        Ok(Self {
            range_size,
            max_range_size,
            threshold_percent,
            outage: Self::OUTAGE,
            range_lasts: Self::RANGE_LASTS,
        })
    }

    /// The same for a table whose ids have been drawn from ranges for so long.
    #[must_use]
    pub fn at_age(self, age: Duration) -> Self {
        Self { range_lasts: Self::range_lasts_at(age), ..self }
    }

    /// How long a range is to last at least, of a table whose ids have been drawn from ranges for so
    /// long: a minute, or a five-hundredth of that.
    #[must_use]
    pub fn range_lasts_at(age: Duration) -> Duration {
        Self::RANGE_LASTS.max(age / Self::PART_OF_AGE)
    }

    /// The same, with a reserve that lasts for `outage` (default: 10 minutes).
    #[must_use]
    pub const fn surviving(self, outage: Duration) -> Self {
        Self { outage, ..self }
    }

    /// How long a range is to last at least.
    #[must_use]
    pub const fn range_lasts(self) -> Duration {
        self.range_lasts
    }

    /// How many ids an ordinary range holds.
    #[must_use]
    pub const fn range_size(self) -> u64 {
        self.range_size
    }

    /// The most that a range may grow to.
    #[must_use]
    pub const fn max_range_size(self) -> u64 {
        self.max_range_size
    }

    /// How much of a range is used when the next one is asked for, in percent.
    #[must_use]
    pub const fn threshold_percent(self) -> u8 {
        self.threshold_percent
    }

    /// How long the reserve is to last.
    #[must_use]
    pub const fn outage(self) -> Duration {
        self.outage
    }
}
