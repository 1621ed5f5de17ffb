//! Why a group of nodes did not do what a test asked.

use std::fmt;

/// A report for people: what failed, and what the nodes say about it.
///
/// A test that returns it shows it as it is: `Debug` is the report, line by line.
#[derive(Clone, PartialEq, Eq)]
pub struct Failure(String);

impl Failure {
    /// What a reader is to be told.
    pub fn new(report: impl fmt::Display) -> Self {
        Self(report.to_string())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}
