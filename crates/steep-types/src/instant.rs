use core::{fmt, ops::Add, time::Duration};

/// A reading of one node's monotonic clock, in microseconds since a beginning of that node's own.
///
/// Readings of different nodes, or from before and after a restart, are not comparable. The clock
/// never goes back and is not set; it should also count while the machine is suspended
/// (`CLOCK_BOOTTIME` on Linux).
///
/// ```
/// use core::time::Duration;
/// use steep_types::Instant;
///
/// let begun = Instant::from_micros(5);
/// let later = begun + Duration::from_millis(2);
/// assert_eq!(later.saturating_since(begun), Duration::from_millis(2));
/// assert_eq!(begun.saturating_since(later), Duration::ZERO);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

impl Instant {
    /// The beginning of the clock.
    pub const ZERO: Self = Self(0);
    /// After every reading.
    pub const MAX: Self = Self(u64::MAX);

    /// Takes microseconds since the beginning of the clock.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// Microseconds since the beginning of the clock.
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// How long it is since `earlier`; nothing if that is later.
    #[must_use]
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    /// Stops at [`Instant::MAX`].
    fn add(self, time: Duration) -> Self {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(micros))
    }
}

impl fmt::Display for Instant {
    /// Seconds and microseconds, `12.000345`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MICROS_PER_SECOND: u64 = 1_000_000;
        write!(f, "{}.{:06}", self.0 / MICROS_PER_SECOND, self.0 % MICROS_PER_SECOND)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn adding_stops_at_the_end() {
        assert_eq!(Instant::MAX + Duration::from_micros(1), Instant::MAX);
        assert_eq!(Instant::ZERO + Duration::MAX, Instant::MAX);
    }

    #[test]
    fn display_keeps_every_microsecond() {
        assert_eq!(Instant::from_micros(12_000_345).to_string(), "12.000345");
    }
}
