//! `cargo xtask test`: prerequisites, checks, every test on every major, and a table of it.

mod checks;
mod count;
mod report;
mod scratch;
mod step;
mod suites;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;
use steep_testkit::Major;

use self::report::{Outcome, Report};
use self::step::Steps;
use crate::command::{all_if_none, major};
use crate::pg::Installation;
use crate::project::Project;
use crate::{ext, prerequisites, say};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The inner loop: formatting, clippy, tidy, and the tests that need no server
    #[arg(long)]
    quick: bool,
    /// Test on these PostgreSQL majors only
    #[arg(long = "pg", value_parser = major)]
    majors: Vec<Major>,
}

/// How much of a step is shown when it goes well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detail {
    /// All it says.
    Full,
    /// That it went well.
    Brief,
}

/// Runs what is asked for, to its end, whatever fails on the way.
pub(crate) fn run(project: &Project, options: Options, detail: Detail) -> Result<ExitCode> {
    let mut steps = Steps::new(detail);
    if options.quick {
        checks::quick(project, &mut steps);
        steps.run("tests without servers", suites::without_servers(project)?);
    } else {
        full(project, &all_if_none(options.majors), &mut steps)?;
    }
    let report = steps.into_report();
    say::answer(report.table());
    say::answer(report.last_line());
    Ok(if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn full(project: &Project, majors: &[Major], steps: &mut Steps) -> Result<()> {
    checks::quick(project, steps);
    checks::documentation(project, steps);
    checks::dependencies(project, steps);
    let Some(installations) = provide(project, majors, steps.report()) else {
        return Ok(());
    };
    if let Some(newest) = installations.last() {
        checks::extension(project, newest, steps)?;
    }
    let suites = suites::Suites::new(project)?;
    steps.run("tests for no one major", suites.for_no_one_major());
    for &major in majors {
        steps.run(&format!("tests on PostgreSQL {major}"), suites.on(major));
    }
    steps.run("examples in the documentation", suites.examples());
    Ok(())
}

/// Servers with the extension; without them no test of theirs can run, and that is a failure.
fn provide(project: &Project, majors: &[Major], report: &mut Report) -> Option<Vec<Installation>> {
    let began = Instant::now();
    let provided =
        prerequisites::for_tests().and_then(|()| ext::provide(project, majors)).map_err(|error| {
            say::error(&error);
        });
    let outcome = if provided.is_ok() { Outcome::Passed } else { Outcome::Failed };
    report.add("servers with the extension", outcome, began.elapsed());
    provided.ok()
}
