//! `cargo xtask bench`: what replication under guard costs, against PostgreSQL's own in the same run.

mod apply;
mod arm;
mod backlog;
mod conflicts;
mod deletes;
mod figure;
mod grants;
mod idle;
mod join;
mod lag;
mod local;
mod memory;
mod pair;
mod ranges;
mod sample;
mod session;

use std::env;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::ValueEnum;
use steep_testkit::{GuardedFolder, Major, server_user_can_enter};

use self::figure::Figure;
use self::pair::Pair;
use crate::command::major;
use crate::daemons::Programs;
use crate::project::Project;
use crate::{ext, say};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// What to measure
    #[arg(value_enum)]
    name: Name,
    /// Print one JSON object for each figure, a line each
    #[arg(long)]
    json: bool,
    /// The PostgreSQL major
    #[arg(long, default_value = "18", value_parser = major)]
    pg: Major,
    /// How often to measure; the median counts
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// How many rows, or changes for `memory`; every bench has its own default
    #[arg(long, value_parser = clap::value_parser!(u32).range(10_000..=100_000_000))]
    rows: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Name {
    /// Applying a backlog without conflicts, against native logical replication
    Apply,
    /// Resolving and logging conflicts, against native logical replication without any
    Conflicts,
    /// A bulk delete at its origin, against the same without tombstones
    Deletes,
    /// Sessions that write a table under guard, against the same on a plain published one
    Local,
    /// Memory of an apply worker, at the end of a long stream against its beginning
    Memory,
    /// How long a row takes to the other node at a steady rate, against native replication
    Lag,
    /// Copying the rows of a node that joins, against PostgreSQL's own programs
    Join,
    /// Memory and processor time of daemons that have nothing to do, against what they may take
    Idle,
    /// Inserts of ids from identity ranges, against a constraint with constants
    Ranges,
    /// How long a node takes to be granted a range by another one, against what it may take
    Grants,
    /// All of them
    All,
}

/// How much of a bench is run.
#[derive(Debug, Clone, Copy)]
struct Size {
    rounds: u16,
    rows: u32,
}

impl Name {
    const EACH: [Self; 10] = [
        Self::Apply,
        Self::Conflicts,
        Self::Deletes,
        Self::Local,
        Self::Memory,
        Self::Lag,
        Self::Join,
        Self::Idle,
        Self::Ranges,
        Self::Grants,
    ];

    /// As much as other extensions were measured with, so that figures can be compared; two million
    /// changes are enough for a leak of a byte a change to show.
    fn default_rows(self) -> u32 {
        match self {
            Self::Conflicts => 50_000,
            Self::Memory => 2_000_000,
            // Ten seconds a round.
            Self::Lag => 10_000,
            Self::Join => 2_000_000,
            // A second a run: less cannot be told from chance by three hundredths.
            Self::Ranges => 500_000,
            _ => 200_000,
        }
    }

    fn run(self, pair: &mut Pair, size: Size) -> Result<Vec<Figure>> {
        match self {
            Self::Apply => apply::run(pair, size),
            Self::Conflicts => conflicts::run(pair, size),
            Self::Deletes => deletes::run(pair, size),
            Self::Local => local::run(pair, size),
            Self::Memory => memory::run(pair, size),
            Self::Lag => lag::run(pair, size),
            Self::Ranges => ranges::run(pair, size),
            Self::Join | Self::Idle | Self::Grants | Self::All => Ok(Vec::new()),
        }
    }
}

pub(crate) fn run(project: &Project, options: &Options) -> Result<ExitCode> {
    let names = match options.name {
        Name::All if options.rows.is_some() => {
            bail!(
                "every bench counts other rows; name one of them with --rows, or leave --rows out"
            )
        }
        Name::All => Name::EACH.to_vec(),
        name => vec![name],
    };
    check_folder()?;
    ext::ready(project, options.pg)?;
    let mut figures = Vec::new();
    for name in names {
        let rows = options.rows.unwrap_or_else(|| name.default_rows());
        let size = Size { rounds: options.rounds, rows };
        // Each has servers of its own: what one leaves must not slow the next down.
        let optimized = || Programs::build_optimized(project);
        let measured = match name {
            Name::Join => join::run(&optimized()?, options.pg, size)?,
            Name::Idle => idle::run(&optimized()?, options.pg, size)?,
            Name::Grants => grants::run(&optimized()?, options.pg, size)?,
            _ => {
                let mut pair = Pair::start(options.pg)?;
                let measured = name.run(&mut pair, size)?;
                pair.finish()?;
                measured
            }
        };
        if options.json {
            for figure in &measured {
                say::answer(figure.json()?);
            }
        }
        figures.extend(measured);
    }
    if !options.json {
        say::answer(figure::table(&figures));
    }
    Ok(ExitCode::SUCCESS)
}

/// A folder for servers and daemons, which goes with what it returns.
fn folder() -> Result<GuardedFolder> {
    let folder = env::temp_dir().join(format!("steep-bench-{}", std::process::id()));
    GuardedFolder::create(&folder).with_context(|| format!("cannot use {}", folder.display()))
}

/// A disk, not the memory that tests use: a long stream leaves gigabytes of WAL.
fn check_folder() -> Result<()> {
    let folder = env::temp_dir();
    if !server_user_can_enter(&folder)? {
        bail!(
            "the OS user that runs the servers cannot enter the folder for temporary files, {}; \
             set TMPDIR to one that is open to it",
            folder.display()
        );
    }
    Ok(())
}
