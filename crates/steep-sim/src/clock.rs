use steep_topology::WallClock;
use steep_types::Instant;

/// A node's two clocks, as functions of true time in microseconds.
///
/// The monotonic one begins anywhere and runs too fast or too slow, within the bound that the
/// machine is made for unless a run breaks it on purpose. The wall clock can be set.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    pub(crate) begins_at: u64,
    /// How many microseconds it counts in a true second.
    pub(crate) rate: u64,
    pub(crate) wall_ahead: i64,
}

const SECOND: u64 = 1_000_000;

impl Clock {
    pub(crate) const fn monotonic(&self, now: u64) -> Instant {
        Instant::from_micros(self.begins_at + now * self.rate / SECOND)
    }

    /// The first true time at which the monotonic clock has reached `reading`.
    pub(crate) const fn when(&self, reading: Instant) -> u64 {
        let counted = reading.as_micros().saturating_sub(self.begins_at);
        (counted as u128 * SECOND as u128).div_ceil(self.rate as u128) as u64
    }

    pub(crate) const fn wall(&self, now: u64) -> WallClock {
        WallClock(1_700_000_000_000_000 + now as i64 + self.wall_ahead)
    }
}
