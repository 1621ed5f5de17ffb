//! How many tests ran, from what cargo-nextest or cargo's own test programs say.

use std::ops::AddAssign;
use std::sync::LazyLock;

use regex::Regex;

/// Tests that passed and failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) passed: u64,
    pub(super) failed: u64,
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// `test result: FAILED. 3 passed; 1 failed; 0 ignored; …`
static LIBTEST: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^test result: \w+\. (\d+) passed; (\d+) failed;"));

/// `Summary [ 1.2s] 20 tests run: 19 passed (1 slow), 1 timed out, 0 skipped`, where what has not
/// passed has failed in one of several ways. A run that was cut short says `18/20 tests run`.
static NEXTEST: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^\s*Summary \[[^\]]*\] +(?:\d+/)?(\d+) tests? run: (\d+) passed"));

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a constant pattern, compiled by every test of this file")
}

impl Count {
    /// What one line of output tells.
    fn of_line(line: &str) -> Self {
        let numbers = |found: regex::Captures<'_>| {
            let number = |group: usize| found[group].parse().unwrap_or(0);
            (number(1), number(2))
        };
        if let Some((passed, failed)) = LIBTEST.captures(line).map(numbers) {
            return Self { passed, failed };
        }
        let (run, passed) = NEXTEST.captures(line).map(numbers).unwrap_or_default();
        Self { passed, failed: run - passed }
    }
}

/// Adds up what the lines of one command's output tell.
///
/// A test may run a test program itself, whose summary then comes before that of its own program:
/// of what follows cargo's `Running` line, only the last summary counts.
#[derive(Debug, Default)]
pub(super) struct Counter {
    sum: Count,
    last: Count,
    is_in_program: bool,
}

impl Counter {
    pub(super) fn line(&mut self, line: &str) {
        let words = line.trim_start();
        if words.starts_with("Running ") || words.starts_with("Doc-tests ") {
            self.sum += std::mem::take(&mut self.last);
            self.is_in_program = words.starts_with("Running ");
        }
        let count = Count::of_line(line);
        if !self.is_in_program {
            self.sum += count;
        } else if count != Count::default() {
            self.last = count;
        }
    }

    pub(super) fn sum(&self) -> Count {
        let mut sum = self.sum;
        sum += self.last;
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_program_that_a_test_runs_is_not_counted() {
        let mut counter = Counter::default();
        for line in [
            "     Running tests/a.rs (target/debug/deps/a-1)",
            "test result: ok. 1 passed; 0 failed; nested",
            "test result: ok. 5 passed; 0 failed; own",
            "     Running tests/b.rs (target/debug/deps/b-1)",
            "test result: ok. 2 passed; 0 failed; own",
            "   Doc-tests a",
            "test result: ok. 3 passed; 0 failed; merged",
            "test result: ok. 4 passed; 0 failed; alone",
        ] {
            counter.line(line);
        }
        assert_eq!(counter.sum(), Count { passed: 14, failed: 0 });
    }

    #[test]
    fn the_summaries_of_both_are_understood() {
        let of = |line| {
            let Count { passed, failed } = Count::of_line(line);
            (passed, failed)
        };
        assert_eq!(of("test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured"), (3, 0));
        assert_eq!(of("test result: FAILED. 3 passed; 2 failed; 0 ignored"), (3, 2));
        assert_eq!(of("     Summary [   0.026s] 8 tests run: 8 passed, 0 skipped"), (8, 0));
        assert_eq!(
            of("     Summary [  61.0s] 9 tests run: 6 passed (1 slow), 2 failed, 1 timed out"),
            (6, 3)
        );
        assert_eq!(of("     Summary [   1.000s] 1 test run: 0 passed, 1 failed"), (0, 1));
        assert_eq!(of("test result_is_kept ... ok"), (0, 0));
    }
}
