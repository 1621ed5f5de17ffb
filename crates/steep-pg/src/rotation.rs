//! A password that changes while the program runs.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio_postgres::error::SqlState;

use crate::Secret;

/// Reads the password from where it is to be had. It may block: a command asks a vault. The error is for
/// people, and shows nothing of a secret.
pub type ReadSecret = dyn Fn() -> Result<Option<Secret>, String> + Send + Sync;

/// Between two times that it is read: many sessions may be refused at once, and again and again.
const PAUSE: Duration = Duration::from_secs(5);

/// The password that worked last, and where a new one is to be had.
///
/// It is read again only when the server refuses it, so that a command is not run for each session.
#[derive(Clone)]
pub(crate) struct Rotation {
    read: Arc<ReadSecret>,
    known: Arc<Mutex<Known>>,
}

struct Known {
    secret: Option<Secret>,
    read_at: Option<Instant>,
}

impl fmt::Debug for Rotation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rotation").finish_non_exhaustive()
    }
}

impl Rotation {
    pub(crate) fn new(secret: Option<Secret>, read: Arc<ReadSecret>) -> Self {
        Self { read, known: Arc::new(Mutex::new(Known { secret, read_at: None })) }
    }

    pub(crate) async fn secret(&self) -> Option<Secret> {
        self.known.lock().await.secret.clone()
    }

    /// Another password than the one that was refused, if there is one by now.
    pub(crate) async fn other_than(&self, refused: Option<&Secret>) -> Option<Secret> {
        let mut known = self.known.lock().await;
        // Somebody else was refused, and has read it meanwhile.
        if known.secret.as_ref() != refused {
            return known.secret.clone();
        }
        if known.read_at.is_some_and(|at| at.elapsed() < PAUSE) {
            return None;
        }
        known.read_at = Some(Instant::now());
        let read = Arc::clone(&self.read);
        match tokio::task::spawn_blocking(move || read()).await {
            Ok(Ok(secret)) if secret.as_ref() != refused => {
                tracing::info!("the password was changed: the new one is used from now on");
                known.secret.clone_from(&secret);
                secret
            }
            Ok(Ok(_)) => None,
            Ok(Err(error)) => {
                tracing::warn!(error, "the password cannot be read again");
                None
            }
            // The program ends.
            Err(_) => None,
        }
    }
}

/// Whether it is the password that the server does not take.
pub(crate) fn is_about_password(error: &tokio_postgres::Error) -> bool {
    error.code() == Some(&SqlState::INVALID_PASSWORD)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[tokio::test]
    async fn it_is_read_once_for_all_who_were_refused() {
        let reads = Arc::new(AtomicU32::new(0));
        let (counted, old) = (Arc::clone(&reads), Secret::new("old"));
        let read = move || {
            counted.fetch_add(1, Ordering::SeqCst);
            Ok(Some(Secret::new("new")))
        };
        let rotation = Rotation::new(Some(old.clone()), Arc::new(read));
        for _ in 0..3 {
            assert_eq!(rotation.other_than(Some(&old)).await, Some(Secret::new("new")));
        }
        assert_eq!(reads.load(Ordering::SeqCst), 1);
        // The new one is refused too: it was read a moment ago.
        assert_eq!(rotation.other_than(Some(&Secret::new("new"))).await, None);
        assert_eq!(reads.load(Ordering::SeqCst), 1);
    }
}
