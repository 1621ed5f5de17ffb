//! What the check of identity ranges costs the sessions that insert.

use std::fmt::Write as _;

use anyhow::Result;

use super::Size;
use super::arm::Arm;
use super::figure::{Figure, Target};
use super::pair::Pair;
use super::sample::{Sample, Samples};
use crate::say;

/// In the order they are run in.
const CASES: [Case; 4] = [Case::InsertSelect, Case::Copy, Case::OneRowInserts, Case::Check];

/// As fast as a table with a constraint that compares.
const TARGET: Target = Target::AtLeast(0.97);

#[derive(Debug, Clone, Copy)]
enum Case {
    InsertSelect,
    Copy,
    OneRowInserts,
    /// Nothing but the check.
    Check,
}

pub(super) fn run(pair: &mut Pair, size: Size) -> Result<Vec<Figure>> {
    pair.stop_all_streams()?;
    let data = copy_data(size.rows);
    let mut samples = CASES.map(|_| Samples::default());
    for round in 1..=size.rounds {
        for arm in Arm::BOTH {
            create(pair, arm, round)?;
        }
        for (case, samples) in CASES.iter().zip(&mut samples) {
            for arm in Arm::in_turn(round) {
                let sample = case.measure(pair, arm, round, size.rows, &data)?;
                match arm {
                    Arm::Guarded => samples.measured.push(sample),
                    Arm::Plain => samples.baseline.push(sample),
                }
            }
            let (name, progress) = (case.name(), samples.progress());
            say::progress(format!("ranges {name}, round {round} of {}: {progress}", size.rounds));
        }
    }
    let figures =
        CASES.iter().zip(&samples).flat_map(|(case, samples)| case.figures(size, samples));
    Ok(figures.collect())
}

/// A table whose ids come from ranges, and one that a constant range is checked of.
fn create(pair: &mut Pair, arm: Arm, round: u16) -> Result<()> {
    let table = arm.table(round);
    pair.a.run(&format!("create table {table} (id bigserial primary key, v text)"))?;
    match arm {
        // Ranges as they come: of 10,000 ids at first, larger as they are used up.
        Arm::Guarded => {
            pair.a.run(&format!("select steep_repl.manage_ranges('{table}', '{{a,b}}', 0)"))
        }
        Arm::Plain => {
            pair.a.run(&format!("alter table {table} add check (id between 1 and 1000000000000)"))
        }
    }
}

fn copy_data(rows: u32) -> Vec<u8> {
    let mut data = String::new();
    for number in 1..=rows {
        // Writing to a string cannot fail.
        let _ = writeln!(data, "row number {number} of the data");
    }
    data.into_bytes()
}

impl Case {
    const fn name(self) -> &'static str {
        match self {
            Self::InsertSelect => "insert_select",
            Self::Copy => "copy",
            Self::OneRowInserts => "one_row_inserts",
            Self::Check => "check_alone",
        }
    }

    fn figures(self, size: Size, samples: &Samples) -> Vec<Figure> {
        match self {
            Self::OneRowInserts => {
                Figure::rates("ranges", self.name(), size.rows / 10, samples, TARGET)
            }
            // What it takes a row, whatever a row takes otherwise.
            Self::Check => Figure::times("ranges", self.name(), samples, Target::None),
            _ => Figure::rates("ranges", self.name(), size.rows, samples, TARGET),
        }
    }

    fn measure(
        self,
        pair: &mut Pair,
        arm: Arm,
        round: u16,
        rows: u32,
        data: &[u8],
    ) -> Result<Sample> {
        let table = arm.table(round);
        pair.checkpoint()?;
        Sample::of(&mut pair.a, |a| {
            match self {
            Self::InsertSelect => a.run(&format!(
                "insert into {table} (v) select md5(g::text) from generate_series(1, {rows}) g"
            )),
            Self::Copy => a.copy(&format!("copy {table} (v) from stdin"), data),
            // By the server itself: a client would spend more time on its way than they take.
            Self::OneRowInserts => a.run(&format!(
                "do $$ begin for i in 1 .. {} loop insert into {table} (v) values ('row'); commit; end loop; end $$",
                rows / 10
            )),
            Self::Check => a.run(&format!(
                "select count(*) from generate_series(1, {rows}) g where {}",
                match arm {
                    Arm::Guarded => format!("steep_repl.check_id_range('public', '{table}', g % 1000 + 1)"),
                    Arm::Plain => "g % 1000 + 1 between 1 and 1000000000000".to_owned(),
                }
            )),
        }
        })
    }
}
