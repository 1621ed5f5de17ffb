//! Where the keeper leaves its reports for whoever wants them.

use std::sync::{Arc, Mutex, PoisonError};

use super::report::Reports;

/// The latest reports. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct RangeBoard(Arc<Mutex<Arc<Reports>>>);

impl RangeBoard {
    /// The latest ones; none before the first look, or while PostgreSQL has not been seen.
    #[must_use]
    pub fn latest(&self) -> Arc<Reports> {
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn put(&self, reports: Reports) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(reports);
    }
}
