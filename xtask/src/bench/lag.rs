//! How long a row takes from one node to the other at a steady rate.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::Size;
use super::arm::Arm;
use super::figure::{Figure, Target};
use super::pair::Pair;

/// Transactions of one row, each this long after the last.
const PACE: Duration = Duration::from_millis(1);

/// In so many turns of each arm a round goes.
const SLICES: u16 = 10;

/// How long the last row may take.
const PATIENCE: Duration = Duration::from_secs(60);

const COLUMNS: &str = "id bigint primary key, sent_at timestamptz not null, arrived_at timestamptz";

/// Median and 99th percentile of the time from the origin's statement to the write at the other
/// node, in milliseconds.
pub(super) fn run(pair: &mut Pair, size: Size) -> Result<Vec<Figure>> {
    pair.b.run(
        "create function arrive() returns trigger language plpgsql as
         'begin new.arrived_at := clock_timestamp(); return new; end'",
    )?;
    let mut lags = [Vec::new(), Vec::new()];
    for round in 1..=size.rounds {
        for (lags, lag) in lags.iter_mut().zip(measure(pair, round, size.rows)?) {
            lags.push(lag);
        }
    }
    let of = |place: usize, part: fn(&Lag) -> f64| lags[place].iter().map(part).collect();
    let figure = |metric: &'static str, part: fn(&Lag) -> f64| {
        let case = ("lag", "1,000 transactions/s");
        Figure::new(case, (metric, "ms"), of(0, part), of(1, part), Target::AtMost(1.1))
    };
    Ok(vec![figure("median", |lag| lag.0), figure("p99", |lag| lag.1)])
}

/// Median and 99th percentile.
type Lag = (f64, f64);

/// Of both arms, the guarded one first. They take turns in short slices: what else the machine does
/// meanwhile meets both.
fn measure(pair: &mut Pair, round: u16, rows: u32) -> Result<[Lag; 2]> {
    for arm in Arm::in_turn(round) {
        let table = arm.table(round);
        arm.create(pair, &table, COLUMNS)?;
        // After the guard's own trigger, which decides whether the row is written at all.
        pair.b.run(&format!(
            "create trigger zz_arrive before insert on {table} for each row execute function arrive();
             alter table {table} enable always trigger zz_arrive"
        ))?;
        pair.wait_until_past(arm, PATIENCE)?;
    }
    for slice in 0..SLICES {
        for arm in Arm::in_turn(round + slice) {
            let table = arm.table(round);
            let first = rows * u32::from(slice) / u32::from(SLICES);
            let end = rows * u32::from(slice + 1) / u32::from(SLICES);
            let begun = Instant::now();
            for row in first..end {
                let due = begun + PACE * (row - first);
                thread::sleep(due.saturating_duration_since(Instant::now()));
                pair.a.run(&format!("insert into {table} values ({row}, clock_timestamp())"))?;
            }
        }
    }
    let mut lag = |arm: Arm| -> Result<Lag> {
        pair.wait_until_past(arm, PATIENCE)?;
        let mut percentile = |part: f64| -> Result<f64> {
            let value = pair.b.value(&format!(
                "select percentile_cont({part}) within group (
                   order by extract(epoch from arrived_at - sent_at) * 1000)
                 from {table} having count(*) = {rows}",
                table = arm.table(round)
            ))?;
            value.parse().with_context(|| format!("{value:?} is no number"))
        };
        Ok((percentile(0.5)?, percentile(0.99)?))
    };
    Ok([lag(Arm::Guarded)?, lag(Arm::Plain)?])
}
