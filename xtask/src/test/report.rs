//! What ran and how it went.

use std::fmt::Write as _;
use std::time::Duration;

use super::count::Count;

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// A check that found nothing.
    Passed,
    /// A check that found something, or a step that did not get as far as its tests.
    Failed,
    /// Tests.
    Tests(Count),
    /// Not run, and why.
    NotRun(String),
}

#[derive(Debug)]
struct Row {
    step: String,
    outcome: Outcome,
    time: Duration,
}

/// Every step so far.
#[derive(Debug, Default)]
pub(crate) struct Report {
    rows: Vec<Row>,
}

impl Report {
    pub(super) fn add(&mut self, step: &str, outcome: Outcome, time: Duration) {
        self.rows.push(Row { step: step.to_owned(), outcome, time });
    }

    pub(crate) fn is_good(&self) -> bool {
        self.total().failed == 0
    }

    /// Passed and failed, with each check counted as one.
    fn total(&self) -> Count {
        let mut total = Count::default();
        for row in &self.rows {
            total += match &row.outcome {
                Outcome::Passed => Count { passed: 1, failed: 0 },
                Outcome::Failed => Count { passed: 0, failed: 1 },
                Outcome::Tests(count) => *count,
                Outcome::NotRun(_) => Count::default(),
            };
        }
        total
    }

    /// A line for every step.
    pub(crate) fn table(&self) -> String {
        let width = self.rows.iter().map(|row| row.step.len()).max().unwrap_or(0);
        let mut table = String::new();
        for Row { step, outcome, time } in &self.rows {
            let outcome = match outcome {
                Outcome::Passed => "ok".to_owned(),
                Outcome::Failed => "FAILED".to_owned(),
                Outcome::Tests(Count { passed, failed: 0 }) => format!("{passed} passed"),
                Outcome::Tests(Count { passed, failed }) => {
                    format!("{passed} passed, {failed} FAILED")
                }
                Outcome::NotRun(why) => format!("not run: {why}"),
            };
            // Writing to a string cannot fail.
            let _ = write!(table, "\n{step:width$}  {:>6.1} s  {outcome}", time.as_secs_f64());
        }
        table.push('\n');
        table
    }

    /// The line that a log ends with.
    pub(crate) fn last_line(&self) -> String {
        let Count { passed, failed } = self.total();
        format!("{passed} passed, {failed} failed")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_count_as_one_and_what_was_not_run_is_named() {
        let mut report = Report::default();
        report.add("formatting", Outcome::Passed, Duration::from_millis(1500));
        report.add("licences", Outcome::NotRun("no tool".into()), Duration::ZERO);
        let count = Count { passed: 7, failed: 0 };
        report.add("tests", Outcome::Tests(count), Duration::from_secs(2));
        assert!(report.is_good());
        assert_eq!(report.last_line(), "8 passed, 0 failed");
        let expected = "\nformatting     1.5 s  ok\nlicences       0.0 s  not run: no tool\n\
                        tests          2.0 s  7 passed\n";
        assert_eq!(report.table(), expected);
    }

    #[test]
    fn one_failure_fails_all() {
        let mut report = Report::default();
        report.add("clippy", Outcome::Failed, Duration::ZERO);
        let count = Count { passed: 7, failed: 2 };
        report.add("tests", Outcome::Tests(count), Duration::ZERO);
        assert!(!report.is_good());
        assert_eq!(report.last_line(), "7 passed, 3 failed");
    }
}
