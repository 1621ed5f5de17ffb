//! Resolving and logging conflicts, against applying the same changes where there are none.

use anyhow::{Result, bail};

use super::Size;
use super::arm::Arm;
use super::figure::{Figure, Target};
use super::pair::Pair;
use super::sample::{Sample, Samples};
use crate::say;

const CASES: [Case; 2] = [Case::RemoteNewer, Case::LocalNewer];

/// Both nodes have updated the same rows; whose write is the newer?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    /// The one that arrives: it is applied, and logged.
    RemoteNewer,
    /// The one that is there: it stays, and what arrives is logged.
    LocalNewer,
}

pub(super) fn run(pair: &mut Pair, size: Size) -> Result<Vec<Figure>> {
    // No write of `b` reaches `a`, so that every write of `a` is made without knowing of it.
    pair.stop_stream_back()?;
    let mut samples = CASES.map(|_| Samples::default());
    for round in 1..=size.rounds {
        for (case, samples) in CASES.iter().zip(&mut samples) {
            let tables = round * 2 + u16::from(*case == Case::LocalNewer);
            Arm::create_both(pair, tables)?;
            for arm in Arm::in_turn(round) {
                fill(pair, arm, &arm.table(tables), size.rows)?;
                match arm {
                    Arm::Guarded => samples.measured.push(case.conflict(pair, tables, size.rows)?),
                    Arm::Plain => samples.baseline.push(case.no_conflict(pair, tables)?),
                }
            }
            let (name, progress) = (case.name(), samples.progress());
            say::progress(format!(
                "conflicts {name}, round {round} of {}: {progress}",
                size.rounds
            ));
        }
    }
    let figures = CASES.iter().zip(&samples).flat_map(|(case, samples)| {
        Figure::rates("conflicts", case.name(), size.rows, samples, Target::AtLeast(0.5))
    });
    Ok(figures.collect())
}

/// The same rows on both nodes, written by `a`.
fn fill(pair: &mut Pair, arm: Arm, table: &str, rows: u32) -> Result<()> {
    pair.a.run(&format!(
        "insert into {table} select g, md5(g::text), g from generate_series(1, {rows}) g"
    ))?;
    let end = pair.write_mark(arm)?;
    pair.wait_until_applied(arm, &end)
}

impl Case {
    const fn name(self) -> &'static str {
        match self {
            Self::RemoteNewer => "update_update_remote_newer",
            Self::LocalNewer => "update_update_local_newer",
        }
    }

    const fn resolution(self) -> &'static str {
        match self {
            Self::RemoteNewer => "APPLIED_REMOTE",
            Self::LocalNewer => "KEPT_LOCAL",
        }
    }

    fn conflict(self, pair: &mut Pair, round: u16, rows: u32) -> Result<Sample> {
        let table = Arm::Guarded.table(round);
        pair.disable(Arm::Guarded)?;
        // Each round logs as many conflicts into a table that is as large.
        pair.b.run("truncate steep_repl.conflict_log")?;
        let (local, remote) = (update(&table, "b"), update(&table, "a"));
        match self {
            Self::RemoteNewer => pair.b.run(&local).and_then(|()| pair.a.run(&remote))?,
            Self::LocalNewer => pair.a.run(&remote).and_then(|()| pair.b.run(&local))?,
        }
        let sample = pair.measure_backlog(Arm::Guarded)?;
        let logged = pair.b.number(&format!(
            "select count(*) from steep_repl.conflict_log \
             where local_tuple is not null and remote_tuple is not null \
               and conflict_type = 'UPDATE-UPDATE' and resolution = '{}' and table_name = '{table}'",
            self.resolution()
        ))?;
        if logged != rows {
            bail!(
                "of {rows} conflicts {logged} are logged as {} with both rows; the figures would \
                 mean nothing: see steep_repl.conflict_log after `cargo xtask test`",
                self.resolution()
            );
        }
        Ok(sample)
    }

    /// The rows have been updated once here as well, so that what is found, with its dead versions,
    /// is as large.
    fn no_conflict(self, pair: &mut Pair, round: u16) -> Result<Sample> {
        let table = Arm::Plain.table(round);
        pair.a.run(&update(&table, "b"))?;
        let end = pair.write_mark(Arm::Plain)?;
        pair.wait_until_applied(Arm::Plain, &end)?;
        pair.apply_backlog(Arm::Plain, |a| a.run(&update(&table, "a")))
    }
}

fn update(table: &str, by: &str) -> String {
    format!("update {table} set v = '{by}' || n, n = n + 1")
}
