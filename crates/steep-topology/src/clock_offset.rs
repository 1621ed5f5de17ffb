use crate::WallClock;
use alloc::collections::VecDeque;
use core::time::Duration;

/// By how much a peer's wall clock is ahead of this node's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockOffset {
    /// Positive: the peer's clock is ahead.
    pub micros: i64,
    /// How long the exchange took it was measured in; the error is half of it at most.
    pub round_trip: Duration,
}

/// The last exchanges with a peer. The one with the shortest round trip is the most exact, since
/// queueing makes one way longer than the other (NTP's clock filter, RFC 5905 section 10).
#[derive(Clone, Debug, Default)]
pub(crate) struct OffsetWindow(VecDeque<ClockOffset>);

impl OffsetWindow {
    /// As many as NTP's filter has stages.
    const LENGTH: usize = 8;

    /// An exchange: sent and returned by this node's wall clock, answered by the peer's.
    ///
    /// The peer answers at once, so its reading stands for both of NTP's.
    pub(crate) fn observe(
        &mut self,
        sent: WallClock,
        answered: WallClock,
        returned: WallClock,
        round_trip: Duration,
    ) {
        let ahead_of = |own: WallClock| i128::from(answered.0) - i128::from(own.0);
        let micros = i64::try_from((ahead_of(sent) + ahead_of(returned)) / 2).unwrap_or(i64::MAX);
        if self.0.len() == Self::LENGTH {
            self.0.pop_front();
        }
        self.0.push_back(ClockOffset { micros, round_trip });
    }

    pub(crate) fn best(&self) -> Option<ClockOffset> {
        self.0.iter().min_by_key(|one| one.round_trip).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange(window: &mut OffsetWindow, there: i64, back: i64, ahead: i64) {
        let sent = WallClock(1_000_000);
        let answered = WallClock(sent.0 + there + ahead);
        let round_trip = Duration::from_micros((there + back) as u64);
        window.observe(sent, answered, WallClock(sent.0 + there + back), round_trip);
    }

    #[test]
    fn equal_ways_give_the_exact_offset() {
        let mut window = OffsetWindow::default();
        exchange(&mut window, 300, 300, -5_000);
        assert_eq!(window.best().unwrap().micros, -5_000);
    }

    #[test]
    fn the_shortest_round_trip_counts_and_old_ones_are_forgotten() {
        let mut window = OffsetWindow::default();
        exchange(&mut window, 10, 10, 7);
        exchange(&mut window, 10, 9_000, 7);
        assert_eq!(window.best().unwrap().micros, 7);
        for _ in 0..8 {
            exchange(&mut window, 50, 50, 90);
        }
        assert_eq!(window.best().unwrap().micros, 90);
    }

    #[test]
    fn the_error_is_half_the_round_trip_at_most() {
        let mut window = OffsetWindow::default();
        exchange(&mut window, 0, 8_000, 100);
        let best = window.best().unwrap();
        assert!((best.micros - 100).unsigned_abs() <= best.round_trip.as_micros() as u64 / 2);
    }
}
