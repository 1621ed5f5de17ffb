//! Warnings that anyone on the network can cause, a bounded number of them.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Often enough to see that something goes on, too seldom to fill a disk.
const INTERVAL: Duration = Duration::from_secs(1);

/// Says when the next one may be said.
#[derive(Debug, Default)]
pub(super) struct Complaints(Mutex<Said>);

#[derive(Debug, Default)]
struct Said {
    last: Option<Instant>,
    unsaid: u64,
}

impl Complaints {
    /// How many were left out since the last one, if another may be said now.
    pub(super) fn next(&self, now: Instant) -> Option<u64> {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if said.last.is_some_and(|last| now.duration_since(last) < INTERVAL) {
            said.unsaid += 1;
            return None;
        }
        said.last = Some(now);
        Some(std::mem::take(&mut said.unsaid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_a_second_is_said_and_the_others_are_counted() {
        let complaints = Complaints::default();
        let start = Instant::now();
        assert_eq!(complaints.next(start), Some(0));
        assert_eq!(complaints.next(start + INTERVAL / 4), None);
        assert_eq!(complaints.next(start + INTERVAL / 2), None);
        assert_eq!(complaints.next(start + INTERVAL), Some(2));
        assert_eq!(complaints.next(start + 3 * INTERVAL), Some(0));
    }
}
