//! A bulk delete at its origin, with the tombstones it leaves and without.

use anyhow::Result;

use super::Size;
use super::arm::Arm;
use super::figure::{Figure, Target};
use super::pair::Pair;
use super::sample::{Sample, Samples};
use crate::say;

#[derive(Debug, Clone, Copy)]
enum Way {
    /// As a user has it.
    Guarded,
    /// Under guard, but with the trigger that makes tombstones disabled.
    WithoutTombstones,
    /// A published table, never put under guard.
    Plain,
}

const WAYS: [Way; 3] = [Way::Guarded, Way::WithoutTombstones, Way::Plain];

pub(super) fn run(pair: &mut Pair, size: Size) -> Result<Vec<Figure>> {
    // What is deleted is decoded at some other time: a walsender would take a processor away.
    pair.stop_all_streams()?;
    let mut samples: [Vec<Sample>; 3] = Default::default();
    for round in 1..=size.rounds {
        for place in 0..WAYS.len() {
            // Every round begins with another one.
            let place = (place + usize::from(round)) % WAYS.len();
            samples[place].push(WAYS[place].delete(pair, round, size.rows)?);
        }
        let last = |samples: &Vec<Sample>| samples.last().map_or(f64::NAN, |sample| sample.wall);
        let [guarded, without, plain] = samples.each_ref().map(last);
        say::progress(format!(
            "deletes, round {round} of {}: {guarded:.2} s, without tombstones {without:.2} s, \
             plain {plain:.2} s",
            size.rounds
        ));
    }
    let [measured, without, plain] = samples;
    let without = Samples { measured: measured.clone(), baseline: without };
    let plain = Samples { measured, baseline: plain };
    let mut figures = Figure::times("deletes", "trigger_disabled", &without, Target::AtMost(1.5));
    figures.extend(Figure::times("deletes", "plain_table", &plain, Target::AtMost(1.5)));
    Ok(figures)
}

impl Way {
    fn delete(self, pair: &mut Pair, round: u16, rows: u32) -> Result<Sample> {
        let (arm, name) = match self {
            Self::Guarded => (Arm::Guarded, "guarded"),
            Self::WithoutTombstones => (Arm::Guarded, "without"),
            Self::Plain => (Arm::Plain, "plain"),
        };
        let table = format!("{name}_{round}");
        arm.create_at_origin(pair, &table)?;
        if matches!(self, Self::WithoutTombstones) {
            pair.a.run(&format!("alter table {table} disable trigger steep_repl_deletes"))?;
        }
        pair.a.run(&format!(
            "insert into {table} select g, md5(g::text), g from generate_series(1, {rows}) g"
        ))?;
        // Hint bits and statistics, which the delete would otherwise set or miss.
        pair.a.run(&format!("vacuum analyze {table}"))?;
        pair.checkpoint()?;
        Sample::of(&mut pair.a, |a| a.run(&format!("delete from {table}")))
    }
}
