//! Runs the steps, one after another.

use std::io::{self, BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::Detail;
use super::count::{Count, Counter};
use super::report::{Outcome, Report};
use crate::{process, say};

/// The steps that have run, and how to run more.
#[derive(Debug)]
pub(crate) struct Steps {
    detail: Detail,
    report: Report,
}

/// What a program said and how it ended.
struct Finished {
    count: Count,
    succeeded: bool,
    /// Empty when the user has seen it.
    unseen: Vec<String>,
}

impl Steps {
    pub(crate) fn new(detail: Detail) -> Self {
        Self { detail, report: Report::default() }
    }

    /// Runs a check: it passes or fails as a whole.
    pub(crate) fn check(&mut self, step: &str, command: Command) {
        self.step(step, command, |finished| match finished.succeeded {
            true => Outcome::Passed,
            false => Outcome::Failed,
        });
    }

    /// Runs tests. None at all is a failure: something is wrong with what chooses them.
    pub(crate) fn run(&mut self, step: &str, command: Command) {
        self.step(step, command, |finished| match finished.count {
            Count { passed: 0, failed: 0 } => Outcome::Failed,
            Count { failed: 0, .. } if !finished.succeeded => Outcome::Failed,
            count => Outcome::Tests(count),
        });
    }

    /// Does something that is no program.
    pub(crate) fn act(&mut self, step: &str, act: impl FnOnce() -> anyhow::Result<()>) {
        let began = Instant::now();
        say::progress(format!("== {step}"));
        let outcome = match act() {
            Ok(()) => Outcome::Passed,
            Err(error) => {
                say::error(&error);
                Outcome::Failed
            }
        };
        self.report.add(step, outcome, began.elapsed());
    }

    pub(crate) fn skip(&mut self, step: &str, why: String) {
        say::progress(format!("== {step}: not run: {why}"));
        self.report.add(step, Outcome::NotRun(why), Duration::ZERO);
    }

    /// A step that does not get as far as running something has failed.
    pub(crate) fn cannot(&mut self, step: &str, error: &anyhow::Error) {
        say::error(error);
        self.report.add(step, Outcome::Failed, Duration::ZERO);
    }

    pub(crate) fn into_report(self) -> Report {
        self.report
    }

    fn step(&mut self, step: &str, command: Command, judge: impl FnOnce(&Finished) -> Outcome) {
        let began = Instant::now();
        say::progress(format!("== {step}"));
        let line = process::line(&command);
        let outcome = match run(command, self.detail) {
            Ok(finished) => {
                let outcome = judge(&finished);
                if !finished.succeeded || outcome == Outcome::Failed {
                    finished.unseen.iter().for_each(say::progress);
                    say::progress(format!("== {step}: failed: {line}"));
                }
                outcome
            }
            Err(error) => {
                say::progress(format!("== {step}: cannot run `{line}`: {error}"));
                Outcome::Failed
            }
        };
        self.report.add(step, outcome, began.elapsed());
    }
}

/// Runs a program and reads along. Both its streams are one pipe, so that the order is kept.
fn run(mut command: Command, detail: Detail) -> io::Result<Finished> {
    let (reader, writer) = io::pipe()?;
    command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    command.env("CARGO_TERM_COLOR", "never");
    let mut child = command.spawn()?;
    // It holds the pipe's other end open, which would then never end.
    drop(command);
    let mut finished = Finished { count: Count::default(), succeeded: false, unseen: Vec::new() };
    let mut counter = Counter::default();
    for line in BufReader::new(reader).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        counter.line(&line);
        match detail {
            Detail::Full => say::progress(line),
            Detail::Brief => finished.unseen.push(line),
        }
    }
    finished.count = counter.sum();
    finished.succeeded = child.wait()?.success();
    Ok(finished)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn judged(script: &str) -> (bool, String) {
        let mut steps = Steps::new(Detail::Brief);
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", script]);
        steps.run("tests", shell);
        let report = steps.into_report();
        (report.is_good(), report.last_line())
    }

    #[test]
    fn tests_are_counted() {
        let script = "echo 'test result: ok. 2 passed; 0 failed;'; \
                      echo 'test result: ok. 3 passed; 0 failed;' >&2";
        assert_eq!(judged(script), (true, "5 passed, 0 failed".into()));
    }

    #[test]
    fn no_test_at_all_is_a_failure() {
        assert_eq!(judged("true"), (false, "0 passed, 1 failed".into()));
    }

    #[test]
    fn tests_that_do_not_build_are_a_failure() {
        let script = "echo 'test result: ok. 2 passed; 0 failed;'; exit 101";
        assert!(!judged(script).0);
    }
}
