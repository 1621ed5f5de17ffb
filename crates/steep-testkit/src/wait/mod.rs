//! Waiting for an event, with a deadline and a word about what was seen last.

mod replication;
mod rows;

use std::fmt;
use std::thread;
use std::time::{Duration, Instant};

pub use self::replication::{
    slot_confirmed, slot_inactive, subscription_caught_up, subscription_ready,
};
pub use self::rows::{log_line, query_returns, row_visible, tables_equal};

/// What suits most waits: far more than they take, even on a machine that does other things too.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Between two looks; short against what is waited for, long against the cost of a look.
const POLL: Duration = Duration::from_millis(20);

/// What was seen while what is waited for was not there yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed(String);

impl Observed {
    /// Tells what was seen.
    pub fn new(text: impl fmt::Display) -> Self {
        Self(text.to_string())
    }
}

/// A look that fails is not the end: a server that restarts refuses connections for a while.
impl<E: std::error::Error> From<E> for Observed {
    fn from(error: E) -> Self {
        Self::new(error)
    }
}

/// What was waited for did not come.
#[derive(Debug, thiserror::Error)]
#[error("{what} did not happen within {deadline:?}; last seen: {observed}")]
#[non_exhaustive]
pub struct WaitError {
    /// What was waited for.
    pub what: String,
    /// For how long.
    pub deadline: Duration,
    /// What the last look saw.
    pub observed: String,
}

/// Looks until there is a result, at least once.
///
/// # Errors
/// When there is none at the deadline.
///
/// ```
/// use std::time::Duration;
/// use steep_testkit::wait::{self, Observed};
///
/// let mut count = 0;
/// let reached = wait::until(Duration::from_secs(10), "three looks", || {
///     count += 1;
///     if count == 3 { Ok(count) } else { Err(Observed::new(format!("{count} looks"))) }
/// });
/// assert_eq!(reached.ok(), Some(3));
/// ```
pub fn until<T>(
    deadline: Duration,
    what: impl fmt::Display,
    mut look: impl FnMut() -> Result<T, Observed>,
) -> Result<T, WaitError> {
    let began = Instant::now();
    loop {
        let observed = match look() {
            Ok(result) => return Ok(result),
            Err(Observed(observed)) => observed,
        };
        if began.elapsed() >= deadline {
            return Err(WaitError { what: what.to_string(), deadline, observed });
        }
        thread::sleep(POLL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_tells_what_was_seen_last() {
        let mut looks = 0;
        let failed = until::<()>(Duration::from_millis(50), "the impossible", || {
            looks += 1;
            Err(Observed::new(format!("look {looks}")))
        });
        let said = failed.unwrap_err().to_string();
        assert!(looks > 1);
        let expected =
            format!("the impossible did not happen within 50ms; last seen: look {looks}");
        assert_eq!(said, expected);
    }
}
