//! What the guard costs the sessions that write.

use std::fmt::Write as _;

use anyhow::Result;

use super::Size;
use super::arm::Arm;
use super::figure::{Figure, Target};
use super::pair::Pair;
use super::sample::{Sample, Samples};
use crate::say;

/// In the order they are run in: each finds the rows that those before it left.
const CASES: [Case; 6] = [
    Case::InsertSelect,
    Case::Copy,
    Case::Update,
    Case::OneRowInserts,
    Case::OneRowUpdates,
    Case::OneRowDeletes,
];

#[derive(Debug, Clone, Copy)]
enum Case {
    InsertSelect,
    Copy,
    Update,
    OneRowInserts,
    OneRowUpdates,
    OneRowDeletes,
}

pub(super) fn run(pair: &mut Pair, size: Size) -> Result<Vec<Figure>> {
    pair.stop_all_streams()?;
    let data = copy_data(size.rows);
    let mut samples = CASES.map(|_| Samples::default());
    for round in 1..=size.rounds {
        for arm in Arm::BOTH {
            arm.create_at_origin(pair, &arm.table(round))?;
        }
        for (case, samples) in CASES.iter().zip(&mut samples) {
            for arm in Arm::in_turn(round) {
                let sample = case.measure(pair, &arm.table(round), size.rows, &data)?;
                match arm {
                    Arm::Guarded => samples.measured.push(sample),
                    Arm::Plain => samples.baseline.push(sample),
                }
            }
            let (name, progress) = (case.name(), samples.progress());
            say::progress(format!("local {name}, round {round} of {}: {progress}", size.rounds));
        }
    }
    let figures = CASES
        .iter()
        .zip(&samples)
        .flat_map(|(case, samples)| Figure::times("local", case.name(), samples, Target::None));
    Ok(figures.collect())
}

/// Rows that no other case has.
fn copy_data(rows: u32) -> Vec<u8> {
    let mut data = String::new();
    for id in 1..=rows {
        // Writing to a string cannot fail.
        let _ = writeln!(data, "{}\trow number {id} of the data\t{id}", u64::from(id) + (1 << 32));
    }
    data.into_bytes()
}

impl Case {
    const fn name(self) -> &'static str {
        match self {
            Self::InsertSelect => "insert_select",
            Self::Copy => "copy",
            Self::Update => "update",
            Self::OneRowInserts => "one_row_inserts",
            Self::OneRowUpdates => "one_row_updates",
            Self::OneRowDeletes => "one_row_deletes",
        }
    }

    fn measure(self, pair: &mut Pair, table: &str, rows: u32, data: &[u8]) -> Result<Sample> {
        pair.checkpoint()?;
        Sample::of(&mut pair.a, |a| match self.statement(table, rows) {
            Some(sql) => a.run(&sql),
            None => a.copy(&format!("copy {table} from stdin"), data),
        })
    }

    /// Transactions of one row are made by the server itself: a client would spend more time on its
    /// way than they take, and hide what they cost.
    fn statement(self, table: &str, rows: u32) -> Option<String> {
        let count = rows / 10;
        let transactions = |change: &str| {
            format!("do $$ begin for i in 1 .. {count} loop {change}; commit; end loop; end $$")
        };
        Some(match self {
            Self::InsertSelect => format!(
                "insert into {table} select g, md5(g::text), g from generate_series(1, {rows}) g"
            ),
            Self::Copy => return None,
            Self::Update => {
                format!("update {table} set v = v || 'x', n = n + 1 where id <= {rows}")
            }
            Self::OneRowInserts => {
                transactions(&format!("insert into {table} values ({rows} + i, 'row ' || i, i)"))
            }
            Self::OneRowUpdates => transactions(&format!(
                "update {table} set n = n + 1 where id = 1 + (i * 7919::bigint) % {rows}"
            )),
            Self::OneRowDeletes => {
                transactions(&format!("delete from {table} where id = {rows} + i"))
            }
        })
    }
}
