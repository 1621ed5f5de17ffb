//! Applying a backlog in which nothing conflicts.

use anyhow::Result;

use super::Size;
use super::arm::Arm;
use super::figure::{Figure, Target};
use super::pair::Pair;
use super::sample::Samples;
use super::session::Session;
use crate::say;

/// In the order they are run in: each finds the rows that those before it left.
const CASES: [Case; 5] =
    [Case::Inserts, Case::InsertsBy1000, Case::Updates, Case::OneRow, Case::Deletes];

#[derive(Debug, Clone, Copy)]
enum Case {
    /// All rows in one transaction.
    Inserts,
    /// As many in transactions of a thousand.
    InsertsBy1000,
    /// Of all rows of `Inserts`, in one transaction.
    Updates,
    /// Transactions that update one row each.
    OneRow,
    /// Of all rows of `Inserts`, in one transaction.
    Deletes,
}

pub(super) fn run(pair: &mut Pair, size: Size) -> Result<Vec<Figure>> {
    // What `b` applies it does not send on; decoding that would only take a processor away.
    pair.stop_stream_back()?;
    let mut samples = CASES.map(|_| Samples::default());
    for round in 1..=size.rounds {
        Arm::create_both(pair, round)?;
        for (case, samples) in CASES.iter().zip(&mut samples) {
            for arm in Arm::in_turn(round) {
                let table = arm.table(round);
                let sample = pair.apply_backlog(arm, |a| case.write(a, &table, size.rows))?;
                match arm {
                    Arm::Guarded => samples.measured.push(sample),
                    Arm::Plain => samples.baseline.push(sample),
                }
            }
            let (name, progress) = (case.name(), samples.progress());
            say::progress(format!("apply {name}, round {round} of {}: {progress}", size.rounds));
        }
    }
    let figures = CASES.iter().zip(&samples).flat_map(|(case, samples)| {
        Figure::rates("apply", case.name(), case.rows(size.rows), samples, case.target())
    });
    Ok(figures.collect())
}

impl Case {
    const fn name(self) -> &'static str {
        match self {
            Self::Inserts => "inserts",
            Self::InsertsBy1000 => "inserts_by_1000",
            Self::Updates => "updates",
            Self::OneRow => "one_row_transactions",
            Self::Deletes => "deletes",
        }
    }

    const fn target(self) -> Target {
        match self {
            Self::Inserts | Self::InsertsBy1000 => Target::AtLeast(0.90),
            Self::Updates | Self::OneRow | Self::Deletes => Target::AtLeast(0.95),
        }
    }

    /// A transaction costs as much as ten rows of a large one.
    const fn rows(self, rows: u32) -> u32 {
        match self {
            Self::OneRow => rows / 10,
            Self::InsertsBy1000 => rows / 1000 * 1000,
            _ => rows,
        }
    }

    fn write(self, a: &mut Session, table: &str, rows: u32) -> Result<()> {
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
                "do $$ begin for i in 1 .. {count} loop \
                   update {table} set n = n + 1 where id = 1 + (i * 7919::bigint) % {rows}; \
                   commit; \
                 end loop; end $$"
            ),
            Self::Deletes => format!("delete from {table} where id <= {rows}"),
        })
    }
}
