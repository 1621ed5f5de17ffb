//! What an apply worker complains about.

use steep_testkit::wait::{self, Observed};
use steep_testkit::{LogEntry, Severity};

use crate::{Failure, Group, PATIENCE};

impl Group {
    /// Waits for an error of an apply worker of `node` that has all these words, in its message, its
    /// detail or its hint. From then on errors with the first of the words do not fail the test.
    ///
    /// # Errors
    /// When none comes.
    pub fn complaint(&self, node: &str, words: &[&str]) -> Result<LogEntry, Failure> {
        let what = format!("an apply error on {node} with {words:?}");
        let waited = wait::until(PATIENCE, what, || {
            let log = self.node(node).log();
            let found = log.iter().rfind(|entry| is_apply_error(entry) && has_all(entry, words));
            found.cloned().ok_or_else(|| {
                let last = log.iter().rfind(|entry| entry.severity.is_trouble());
                Observed::new(last.map_or("no trouble at all".to_owned(), ToString::to_string))
            })
        });
        let found = waited.map_err(|error| self.failed(error))?;
        self.expect_complaint(node, words.first().copied().unwrap_or(&found.message));
        Ok(found)
    }

    /// From now on errors of `node` with `word` do not fail the test, nor does what comes of apply
    /// workers that stop.
    pub fn expect_complaint(&self, node: &str, word: &str) {
        // The next worker may come before the last one has left, here and at the publisher.
        self.node(node).expect_error("is already active for PID");
        for publisher in self.nodes() {
            publisher.expect_error("is active for PID");
        }
        self.node(node).expect_error(word);
    }
}

/// Whether an apply worker reports that it gives up.
#[must_use]
pub fn is_apply_error(entry: &LogEntry) -> bool {
    entry.severity == Severity::Error && entry.backend.starts_with("logical replication")
}

fn has_all(entry: &LogEntry, words: &[&str]) -> bool {
    words.iter().all(|word| entry.message.contains(word) || entry.detail.contains(word))
}
