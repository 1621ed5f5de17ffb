//! Tortures groups of nodes with as many seeds as one likes; `cargo xtask torture` calls it.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser;
use steep_ext_tests::torture::Run;
use steep_testkit::Major;

/// Random writes on all nodes at once, while links break, workers die and servers crash.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many seeds to run, one after another.
    #[arg(long, default_value_t = 1)]
    seeds: u64,
    /// The first seed; the others follow it.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many nodes write.
    #[arg(long, default_value_t = 3)]
    nodes: usize,
    /// The PostgreSQL major.
    #[arg(long, default_value = "18")]
    pg: Major,
    /// How many transactions each node tries.
    #[arg(long, default_value_t = 1_000)]
    transactions: usize,
}

fn main() -> ExitCode {
    let Arguments { seeds, seed, nodes, pg, transactions } = Arguments::parse();
    let mut failed = 0_u64;
    for seed in seed..seed.saturating_add(seeds) {
        let run = Run { seed, nodes, major: pg, transactions };
        let line = match run.run() {
            Ok(report) => report.to_string(),
            Err(failure) => {
                failed += 1;
                format!("seed {seed} FAILED\n{failure}")
            }
        };
        // Nobody is left to be told when the output is closed.
        let _ = writeln!(std::io::stdout().lock(), "{line}");
    }
    let _ = writeln!(std::io::stdout().lock(), "{} of {seeds} seeds passed", seeds - failed);
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
