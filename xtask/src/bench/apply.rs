//! Applying a backlog in which nothing conflicts.

use anyhow::Result;

use super::Size;
use super::arm::Arm;
use super::figure::{Figure, Target};
use super::pair::Pair;
use super::sample::{Sample, Samples};
use super::session::Session;
use crate::say;

/// In the order they are run in: each finds the rows that those before it left.
const CASES: [Case; 6] = [
    Case::Inserts,
    Case::InsertsBy1000,
    Case::Updates,
    Case::Deletes,
    Case::OneRow,
    Case::Scattered,
];

#[derive(Debug, Clone, Copy)]
enum Case {
    /// All rows in one transaction.
    Inserts,
    /// As many in transactions of a thousand.
    InsertsBy1000,
    /// Of all rows of `Inserts`, in one transaction.
    Updates,
    /// Of all rows of `Inserts`, in one transaction.
    Deletes,
    /// Transactions that update one row each, those of `InsertsBy1000`.
    OneRow,
    /// Deletes of these rows, in one transaction. Each was last written by a transaction of its own,
    /// and next to each other are rows that were written long apart.
    Scattered,
}

pub(super) fn run(pair: &mut Pair, size: Size) -> Result<Vec<Figure>> {
    // What `b` applies it does not send on; decoding that would only take a processor away.
    pair.stop_stream_back()?;
    let mut samples = CASES.map(|_| Samples::default());
    for round in 1..=size.rounds {
        Arm::create_both(pair, round)?;
        for (case, samples) in CASES.iter().zip(&mut samples) {
            let (measured, baseline) = measure(pair, *case, round, size.rows)?;
            samples.measured.push(measured);
            samples.baseline.push(baseline);
            let (name, progress) = (case.name(), samples.progress());
            say::progress(format!("apply {name}, round {round} of {}: {progress}", size.rounds));
        }
    }
    let figures = CASES.iter().zip(&samples).flat_map(|(case, samples)| {
        Figure::rates("apply", case.name(), case.rows(size.rows), samples, case.target())
    });
    Ok(figures.collect())
}

/// One round of a case, guarded and plain. The arms take turns with its parts.
fn measure(pair: &mut Pair, case: Case, round: u16, rows: u32) -> Result<(Sample, Sample)> {
    let (mut guarded, mut plain) = (Sample::default(), Sample::default());
    for part in 0..case.parts() {
        for arm in Arm::in_turn(round + part) {
            let table = arm.table(round);
            let sample = pair.apply_backlog(arm, |a| case.write(a, &table, rows, part))?;
            match arm {
                Arm::Guarded => guarded += sample,
                Arm::Plain => plain += sample,
            }
        }
    }
    Ok((guarded, plain))
}

impl Case {
    const fn name(self) -> &'static str {
        match self {
            Self::Inserts => "inserts",
            Self::InsertsBy1000 => "inserts_by_1000",
            Self::Updates => "updates",
            Self::OneRow => "one_row_transactions",
            Self::Deletes => "deletes",
            Self::Scattered => "deletes_of_scattered",
        }
    }

    const fn target(self) -> Target {
        match self {
            Self::Inserts | Self::InsertsBy1000 => Target::AtLeast(0.90),
            Self::Updates | Self::OneRow | Self::Deletes => Target::AtLeast(0.95),
            Self::Scattered => Target::None,
        }
    }

    /// Each with a worker of its own. Where transactions are many, a worker's speed depends on where its
    /// memory happens to lie, by a tenth and for as long as it lives.
    const fn parts(self) -> u16 {
        match self {
            Self::OneRow => 4,
            _ => 1,
        }
    }

    const fn rows(self, rows: u32) -> u32 {
        match self {
            Self::InsertsBy1000 | Self::OneRow | Self::Scattered => rows / 1000 * 1000,
            _ => rows,
        }
    }

    fn write(self, a: &mut Session, table: &str, rows: u32, part: u16) -> Result<()> {
        let count = self.rows(rows);
        a.run(&match self {
            Self::Inserts => format!(
                "insert into {table} select g, md5(g::text), g from generate_series(1, {count}) g"
            ),
            Self::InsertsBy1000 => format!(
                "do $$ begin for i in 0 .. {count} / 1000 - 1 loop \
                   insert into {table} select g, md5(g::text), g \
                   from generate_series({rows} + i * 1000 + 1, {rows} + i * 1000 + 1000) g; \
                   commit; \
                 end loop; end $$"
            ),
            Self::Updates => {
                format!("update {table} set v = v || 'x', n = n + 1 where id <= {rows}")
            }
            // Far apart: neighbours would be on one page, which is then at hand.
            Self::OneRow => format!(
                "do $$ begin for i in 1 + {count} * {part} / {parts} .. {count} * ({part} + 1) / {parts} loop \
                   update {table} set n = n + 1 where id = {rows} + 1 + (i * 7919::bigint) % {count}; \
                   commit; \
                 end loop; end $$",
                parts = self.parts(),
            ),
            Self::Deletes => format!("delete from {table} where id <= {rows}"),
            Self::Scattered => format!("delete from {table} where id > {rows}"),
        })
    }
}
