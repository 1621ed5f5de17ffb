//! `cargo xtask torture`: the torture of `ext/tests`, seed by seed, until one fails.

use std::env::consts::EXE_SUFFIX;
use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use steep_testkit::{Major, SERVERS_VARIABLE};

use crate::command::major;
use crate::project::Project;
use crate::test::scratch;
use crate::{ext, process, say};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How many seeds to run, one after another
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// The first seed; the others follow it
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many nodes write
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(2..=26))]
    nodes: u16,
    /// The PostgreSQL major
    #[arg(long, default_value = "18", value_parser = major)]
    pg: Major,
    /// How many transactions each node tries
    #[arg(long, default_value_t = 1_000)]
    transactions: u32,
}

const PACKAGE: &str = "steep-ext-tests";
const PROGRAM: &str = "torture";

pub(crate) fn run(project: &Project, options: &Options) -> Result<ExitCode> {
    ext::ready(project, options.pg)?;
    let mut build = project.cargo();
    build.args(["build", "--quiet", "--package", PACKAGE, "--bin", PROGRAM]);
    process::show(build)?;
    let began = Instant::now();
    for number in 1..=options.seeds {
        let seed = options
            .seed
            .checked_add(number - 1)
            .with_context(|| format!("--seed {} is too high: seeds end", options.seed))?;
        say::progress(format!("seed {seed}, {number} of {}", options.seeds));
        let output = process::output(&mut program(project, options, seed)?)?;
        if !output.status.success() {
            say::answer(process::said(&output));
            bail!("seed {seed} failed, after {} that passed; its report is above", number - 1);
        }
        // The first line tells of the seed, the last one sums up what is one seed only.
        let said = process::said(&output);
        say::answer(said.lines().next().unwrap_or_default());
    }
    let (seeds, took) = (options.seeds, began.elapsed().as_secs());
    say::answer(format!("{seeds} seeds passed in {took} s"));
    Ok(ExitCode::SUCCESS)
}

fn program(project: &Project, options: &Options, seed: u64) -> Result<Command> {
    let path = project.target().join("debug").join(format!("{PROGRAM}{EXE_SUFFIX}"));
    let mut program = Command::new(path);
    program.args(["--seeds", "1", "--seed", &seed.to_string()]);
    program.args(["--nodes", &options.nodes.to_string(), "--pg", &options.pg.to_string()]);
    program.args(["--transactions", &options.transactions.to_string()]);
    program.env(SERVERS_VARIABLE, project.servers_file()).env("TMPDIR", scratch::folder()?);
    Ok(program)
}
