use crate::{Alert, Policy, Rate, Stock};
use core::time::Duration;

/// How one node uses one table's ids: how fast, and when to ask for how many more.
///
/// Time is an input: how long it is since any moment that stays the same while the tracker lives.
///
/// ```
/// use core::time::Duration;
/// use steep_ranges::{KeyType, Policy, Stock, Tracker};
///
/// let policy = Policy::new(KeyType::Bigint.space(), 10_000, 80)?;
/// let mut tracker = Tracker::new(policy);
/// assert_eq!(tracker.advise(&Stock::default()).ask, Some(10_000), "nothing is held");
///
/// // Ten minutes at 10,000 ids a second: a range of 10,000 would last for one second.
/// for second in 0..600 {
///     tracker.observe(Duration::from_secs(second), second * 10_000);
/// }
/// assert_eq!(tracker.advise(&Stock::default()).ask, Some(640_000));
/// # Ok::<(), steep_ranges::PolicyError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Tracker {
    policy: Policy,
    rate: Rate,
    last: Option<(Duration, u64)>,
}

/// What a node is to do about one table's ids, and what to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advice {
    /// How many ids to ask for now. Until the answer, there is no need to ask again.
    pub ask: Option<u64>,
    /// How near the node is to its last id.
    pub alert: Alert,
    /// How long the ids last that the node holds; nothing if none are drawn.
    pub lasts: Option<Duration>,
}

impl Tracker {
    /// Shorter measurements find bursts, and a burst is followed faster than the pause after it.
    const SHORTEST: Duration = Duration::from_secs(1);

    /// How long a faster time is remembered: a nightly load begins with the ranges of the day, but
    /// does not shrink them in a pause.
    const MEMORY: Duration = Duration::from_secs(15 * 60);

    /// How fast a rise is followed: within a few looks, and not on the first.
    const RISE: Duration = Duration::from_secs(2);

    /// The most ranges of the largest size that are held in reserve, however fast the table and
    /// however long the outage: a smallint has 128 blocks for all nodes.
    const MAX_RESERVE: u64 = 8;

    /// Nothing is known of the rate yet.
    #[must_use]
    pub const fn new(policy: Policy) -> Self {
        Self { policy, rate: Rate::NONE, last: None }
    }

    /// Follows a changed configuration, and keeps what was measured.
    pub const fn set_policy(&mut self, policy: Policy) {
        self.policy = policy;
    }

    /// `drawn` ids had been drawn on this node at `now`, since any fixed beginning.
    ///
    /// A count or a time below the last one is a new beginning.
    pub fn observe(&mut self, now: Duration, drawn: u64) {
        let Some((then, before)) = self.last else {
            self.last = Some((now, drawn));
            return;
        };
        let (Some(time), Some(count)) = (now.checked_sub(then), drawn.checked_sub(before)) else {
            self.last = Some((now, drawn));
            return;
        };
        if time < Self::SHORTEST {
            return;
        }
        let measured = Rate::of(count, time);
        let memory = if measured > self.rate { Self::RISE } else { Self::MEMORY };
        self.rate = self.rate.towards(measured, time, memory);
        self.last = Some((now, drawn));
    }

    /// How fast this node draws.
    #[must_use]
    pub const fn rate(&self) -> Rate {
        self.rate
    }

    /// What to do when this is left.
    #[must_use]
    pub fn advise(&self, stock: &Stock) -> Advice {
        let total = stock.total();
        Advice {
            ask: (total <= self.needed(stock)).then(|| self.next_size()),
            alert: stock.alert(),
            lasts: self.rate.lasts(total),
        }
    }

    /// What must be left: the part of the current range above the threshold, or the reserve for
    /// an outage, whichever is more.
    fn needed(&self, stock: &Stock) -> u64 {
        let above_threshold = 100 - u128::from(self.policy.threshold_percent());
        let size = stock.range.map_or(0, |range| u128::from(range.len()));
        // A hundredth of a number of 64 bits times at most 99.
        let left_at_threshold = (size * above_threshold / 100) as u64;
        let most = self.policy.max_range_size().saturating_mul(Self::MAX_RESERVE);
        left_at_threshold.max(self.rate.ids_in(self.policy.outage()).min(most))
    }

    /// The configured size, doubled until a range lasts long enough.
    ///
    /// Doubling gives few different sizes, and the same one as long as the rate is about the same.
    #[must_use]
    pub fn next_size(&self) -> u64 {
        let wanted = self.rate.ids_in(self.policy.range_lasts());
        let times = wanted.div_ceil(self.policy.range_size()).checked_next_power_of_two();
        let size = times.map_or(u64::MAX, |times| self.policy.range_size().saturating_mul(times));
        size.clamp(self.policy.range_size(), self.policy.max_range_size())
    }
}
