//! `cargo xtask test`: prerequisites, checks, every test on every major, and a table of it.

mod checks;
mod count;
mod report;
pub(crate) mod scratch;
mod step;
mod suites;

use std::process::ExitCode;

use anyhow::Result;
use steep_testkit::Major;

pub(crate) use self::step::Steps;
use self::suites::Suites;
use crate::command::{all_if_none, major};
use crate::pg::Installation;
use crate::project::Project;
use crate::{ext, fuzz, prerequisites, say, windows};

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
        let step = "tests without servers";
        match suites::without_servers(project) {
            Ok(tests) => steps.run(step, tests),
            Err(error) => steps.cannot(step, &error),
        }
        steps.run("corpus of the fuzz targets", fuzz::corpus(project));
    } else {
        full(project, &all_if_none(options.majors), &mut steps);
    }
    let report = steps.into_report();
    say::answer(report.table());
    say::answer(report.last_line());
    Ok(if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn full(project: &Project, majors: &[Major], steps: &mut Steps) {
    checks::quick(project, steps);
    checks::documentation(project, steps);
    checks::dependencies(project, steps);
    if let Some(installations) = provide(project, majors, steps) {
        checks::extension(project, &installations, steps);
        tests(project, majors, steps);
    }
    windows::as_steps(project, steps);
}

fn tests(project: &Project, majors: &[Major], steps: &mut Steps) {
    let suites = match Suites::new(project) {
        Ok(suites) => suites,
        Err(error) => return steps.cannot("tests", &error),
    };
    steps.run("tests for no one major", suites.for_no_one_major());
    for &major in majors {
        steps.run(&format!("tests on PostgreSQL {major}"), suites.on(major));
    }
    steps.run("examples in the documentation", suites.examples());
    steps.run("corpus of the fuzz targets", fuzz::corpus(project));
}

/// Servers with the extension; without them no test can run, and that is a failure.
fn provide(project: &Project, majors: &[Major], steps: &mut Steps) -> Option<Vec<Installation>> {
    let mut provided = None;
    steps.act("servers with the extension", || {
        prerequisites::for_tests()?;
        provided = Some(ext::provide(project, majors)?);
        Ok(())
    });
    provided
}
