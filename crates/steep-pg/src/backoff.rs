//! How long to wait before trying again.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

/// Waits that double from a first one up to a longest one, each shortened by up to a half at random
/// so that many clients of one server do not come back at the same moment.
#[derive(Debug, Clone)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    failures: u32,
}

impl Backoff {
    /// Waits from `first` up to `longest`.
    #[must_use]
    pub fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, failures: 0 }
    }

    /// It worked: the next wait is the first one again.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// It failed once more; how long to wait now.
    pub fn next_wait(&mut self) -> Duration {
        // A fresh state of the standard library's hash is as random as this has to be.
        let random = RandomState::new().build_hasher().finish();
        self.wait_with(random)
    }

    fn wait_with(&mut self, random: u64) -> Duration {
        let doubled =
            self.first.saturating_mul(1_u32.checked_shl(self.failures).unwrap_or(u32::MAX));
        let whole = doubled.min(self.longest);
        self.failures = self.failures.saturating_add(1).min(31);
        let share = f64::from(u32::try_from(random & 0xffff).unwrap_or(0)) / f64::from(0xffff_u32);
        whole.mul_f64(1.0 - share / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_start_again() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
        let waits: Vec<_> = (0..6).map(|_| backoff.wait_with(0).as_millis()).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1000, 1000]);
        backoff.reset();
        assert_eq!(backoff.wait_with(0xffff), Duration::from_millis(50));
    }

    #[test]
    fn a_thousand_failures_are_no_trouble() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(30));
        for _ in 0..1000 {
            assert!(backoff.next_wait() <= Duration::from_secs(30));
        }
    }
}
