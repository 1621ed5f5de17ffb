//! `cargo xtask fuzz-smoke`: each fuzz target for a while, with the project's own toolchain.
//!
//! `cargo fuzz` needs a nightly toolchain for the address sanitizer. What is fuzzed has no unsafe
//! code, so that libFuzzer and its coverage, which every toolchain has, find as much.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::project::Project;
use crate::{cache, process, say};

/// The targets of `fuzz/`; its corpus has a folder for each.
const TARGETS: [&str; 4] = ["descriptions", "frames", "messages", "replication"];

/// What cargo-fuzz gives the compiler, but for the sanitizer.
const FLAGS: &str = "--cfg fuzzing -Ccodegen-units=1 -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

/// More than any target takes; one that allocates by what it is told goes beyond it.
const MAX_MEGABYTES: u32 = 512;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Targets; all of them by default
    #[arg(value_parser = TARGETS)]
    targets: Vec<String>,
    /// How long each target runs
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
}

pub(crate) fn run(project: &Project, options: &Options) -> Result<()> {
    let programs = build(project)?;
    let chosen = TARGETS.into_iter().filter(|name| {
        options.targets.is_empty() || options.targets.iter().any(|target| target == name)
    });
    for name in chosen {
        say::progress(format!("{name}: {} s", options.seconds));
        fuzz(project, &programs, name, options.seconds)?;
    }
    Ok(())
}

/// The corpus, as an ordinary test.
pub(crate) fn corpus(project: &Project) -> Command {
    let mut cargo = cargo(project, "test");
    cargo.args(["--no-default-features", "--test", "corpus"]);
    cargo
}

fn cargo(project: &Project, subcommand: &str) -> Command {
    let mut cargo = project.cargo();
    cargo.env("CARGO_TARGET_DIR", target(project));
    cargo.arg(subcommand).arg("--manifest-path").arg(project.root().join("fuzz/Cargo.toml"));
    cargo
}

/// Another workspace has another target folder.
fn target(project: &Project) -> PathBuf {
    project.target().join("fuzz")
}

fn build(project: &Project) -> Result<PathBuf> {
    let host = process::last_line(Command::new("rustc").arg("--print=host-tuple"))?;
    let mut cargo = cargo(project, "build");
    // With a target named, build scripts are built without the flags.
    cargo.args(["--quiet", "--release", "--bins", "--target", &host]).env("RUSTFLAGS", FLAGS);
    process::show(cargo)?;
    Ok(target(project).join(host).join("release"))
}

fn fuzz(project: &Project, programs: &Path, name: &str, seconds: u32) -> Result<()> {
    let folder = |kind: &str| -> Result<PathBuf> {
        let folder = target(project).join(kind).join(name);
        fs::create_dir_all(&folder).with_context(|| cache::cannot_write(&folder))?;
        Ok(folder)
    };
    // What is found goes to the first of them, and is there the next time.
    let (found, artifacts) = (folder("found")?, folder("artifacts")?);
    let mut program = Command::new(programs.join(name));
    program.arg(&found).arg(project.root().join("fuzz/corpus").join(name));
    program.arg(format!("-max_total_time={seconds}")).arg(format!("-rss_limit_mb={MAX_MEGABYTES}"));
    program.args(["-max_len=8192", "-timeout=10", "-print_final_stats=1"]);
    program.arg(format!("-artifact_prefix={}/", artifacts.display()));
    let output = process::output(&mut program)?;
    let said = process::said(&output);
    if !output.status.success() {
        say::answer(&said);
        bail!(
            "{name} fails; mend it, and put the input from {} into fuzz/corpus/{name}",
            artifacts.display()
        );
    }
    let runs = said.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    say::answer(format!("{name}: {} inputs passed", runs.unwrap_or("?").trim()));
    Ok(())
}
