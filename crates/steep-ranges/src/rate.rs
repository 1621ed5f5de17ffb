use core::time::Duration;

/// How fast ids are drawn, in thousandths of an id a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(u64);

impl Rate {
    /// Nothing is drawn.
    pub const NONE: Self = Self(0);

    /// `count` ids in `time`; saturates. No time, no rate.
    #[must_use]
    pub fn of(count: u64, time: Duration) -> Self {
        let micros = time.as_micros();
        let millis_per_second = u128::from(count) * 1_000_000_000;
        Self(millis_per_second.checked_div(micros).map_or(0, saturate))
    }

    /// Thousandths of an id a second.
    #[must_use]
    pub const fn millis_per_second(self) -> u64 {
        self.0
    }

    /// How many ids are drawn in `time`, rounded up; saturates.
    #[must_use]
    pub fn ids_in(self, time: Duration) -> u64 {
        let billionths = u128::from(self.0).saturating_mul(time.as_micros());
        saturate(billionths.div_ceil(1_000_000_000))
    }

    /// How long `count` ids last; nothing if none are drawn.
    #[must_use]
    pub fn lasts(self, count: u64) -> Option<Duration> {
        let millis = (u128::from(count) * 1_000_000).checked_div(u128::from(self.0))?;
        Some(Duration::from_millis(saturate(millis)))
    }

    /// What both together draw; saturates.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// Moves from here to `measured`, by the part that `time` is of `time` and `memory`.
    pub(crate) fn towards(self, measured: Self, time: Duration, memory: Duration) -> Self {
        let (time, memory) = (time.as_micros(), memory.as_micros());
        let weighed = u128::from(self.0).saturating_mul(memory);
        let weighed = weighed.saturating_add(u128::from(measured.0).saturating_mul(time));
        Self(weighed.checked_div(time + memory).map_or(measured.0, saturate))
    }
}

impl core::iter::Sum for Rate {
    fn sum<I: Iterator<Item = Self>>(rates: I) -> Self {
        rates.fold(Self::default(), Self::plus)
    }
}

fn saturate(value: u128) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_and_what_it_says_agree() {
        let rate = Rate::of(5, Duration::from_secs(2));
        assert_eq!(rate.millis_per_second(), 2_500);
        assert_eq!(rate.ids_in(Duration::from_secs(2)), 5);
        assert_eq!(rate.lasts(5), Some(Duration::from_secs(2)));
        assert_eq!(rate.ids_in(Duration::from_millis(1)), 1, "rounded up");
    }

    #[test]
    fn the_ends_saturate() {
        assert_eq!(Rate::of(9, Duration::ZERO), Rate::default());
        assert_eq!(Rate::default().lasts(9), None);
        let most = Rate::of(u64::MAX, Duration::from_micros(1));
        assert_eq!(most.ids_in(Duration::MAX), u64::MAX);
        assert_eq!(most.plus(most), most);
    }
}
