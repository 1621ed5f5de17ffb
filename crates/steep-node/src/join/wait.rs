//! Waiting, with a deadline that says what was missing.

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

use crate::error::NodeError;

/// Between two looks.
const INTERVAL: Duration = Duration::from_millis(100);

/// Looks until there is nothing left to wait for.
///
/// `look` returns `None` when it is done, else what it still waits for. The deadline begins anew
/// whenever that changes: what moves is not stuck.
pub(crate) async fn until<F>(
    what: &str,
    patience: Duration,
    mut look: impl FnMut() -> F,
) -> Result<(), NodeError>
where
    F: Future<Output = Result<Option<String>, NodeError>>,
{
    let mut last = String::new();
    let mut deadline = Instant::now() + patience;
    loop {
        let Some(missing) = look().await? else { return Ok(()) };
        if missing != last {
            last = missing;
            deadline = Instant::now() + patience;
        }
        if Instant::now() >= deadline {
            return Err(NodeError::Deadline {
                what: what.to_owned(),
                seconds: patience.as_secs(),
                last,
            });
        }
        tokio::time::sleep(INTERVAL).await;
    }
}
