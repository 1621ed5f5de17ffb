//! Whether an apply worker's memory grows with the length of the stream.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::Size;
use super::arm::{Arm, COLUMNS};
use super::figure::{Figure, Target, median};
use super::pair::Pair;
use super::session::Session;
use crate::{platform, say};

/// How often memory is looked at: a quarter of them tells what is usual.
const BATCHES: u32 = 40;

const TABLE: &str = "stream";

/// What a worker does for its node by the clock, once in half a minute, fills the server's caches of
/// catalogs and plans, and takes memory to work with. That is to have happened, with work to do, before
/// memory is looked at.
const WARM_UP: Duration = Duration::from_secs(70);

/// Between the batches of the warm-up, which is about time and not about rows.
const PAUSE: Duration = Duration::from_secs(1);

pub(super) fn run(pair: &mut Pair, size: Size) -> Result<Vec<Figure>> {
    pair.stop_stream_back()?;
    // It would decode the whole stream for nothing. A worker that is disabled ends in peace.
    pair.disable(Arm::Plain)?;
    pair.b.run("drop subscription plain")?;
    Arm::Guarded.create(pair, TABLE, COLUMNS)?;
    let batch = Batch::of(size.rows / BATCHES);
    batch.prepare(&mut pair.a)?;
    let end = pair.write_mark(Arm::Guarded)?;
    pair.wait_until_applied(Arm::Guarded, &end)?;

    let worker = pair.wait_for_worker(Arm::Guarded)?;
    let logged = warm_up(pair, batch)?;
    let mut kilobytes = Vec::new();
    for number in 1..=BATCHES {
        batch.conflict(&mut pair.b)?;
        batch.write(&mut pair.a, number)?;
        let end = pair.write_mark(Arm::Guarded)?;
        pair.wait_until_applied(Arm::Guarded, &end)?;
        if pair.wait_for_worker(Arm::Guarded)? != worker {
            bail!("the apply worker was started anew in batch {number}; its log says why");
        }
        let memory = platform::private_memory(worker)
            .context("this system does not tell the memory of a process; measure on Linux")?;
        kilobytes.push(f64::from(memory));
        say::progress(format!(
            "memory, {} of {} changes: {memory} kB",
            number * batch.changes(),
            BATCHES * batch.changes()
        ));
        pair.forget_wal()?;
    }
    batch.require_conflicts(&mut pair.b, logged)?;

    let quarter = kilobytes.len() / 4;
    let first = median(&kilobytes[..quarter]);
    let last = median(&kilobytes[kilobytes.len() - quarter..]);
    let millions = f64::from(BATCHES * batch.changes()) / 1e6;
    Ok(vec![Figure::new(
        ("memory", format!("apply_worker_{millions:.1}_million_changes")),
        ("private_memory", "kB"),
        vec![last],
        vec![first],
        // One allocation more or less of the server's own caches.
        Target::AtMost(1.1),
    )])
}

/// Lets the worker come past everything that it does by the clock, while the stream is as it will be.
/// Returns how many conflicts have been logged by then.
fn warm_up(pair: &mut Pair, batch: Batch) -> Result<u32> {
    say::progress(format!("memory, {} s before it is looked at", WARM_UP.as_secs()));
    let began = Instant::now();
    let small = Batch { single: 20, fresh: 100, ..batch };
    let mut number = BATCHES;
    while began.elapsed() < WARM_UP {
        number += 1;
        small.conflict(&mut pair.b)?;
        small.write(&mut pair.a, number)?;
        let end = pair.write_mark(Arm::Guarded)?;
        pair.wait_until_applied(Arm::Guarded, &end)?;
        thread::sleep(PAUSE);
    }
    pair.forget_wal()?;
    logged(&mut pair.b)
}

fn logged(b: &mut Session) -> Result<u32> {
    b.number("select count(*) from steep_repl.conflict_log")
}

/// A part of the stream: some of everything that reaches an apply worker.
#[derive(Debug, Clone, Copy)]
struct Batch {
    /// Rows that both nodes write.
    hot: u32,
    /// Rows that `a` inserts, updates, and of which it deletes half, each twice over: in
    /// transactions of one row and of many.
    fresh: u32,
    single: u32,
}

impl Batch {
    /// One change in fifty meets another one, one in fifty has a transaction of its own.
    fn of(changes: u32) -> Self {
        let hot = changes / 50;
        let single = changes / 50;
        Self { hot, single, fresh: (changes - hot - single) * 2 / 5 }
    }

    fn changes(self) -> u32 {
        self.hot + self.single + self.fresh * 2 + self.fresh / 2
    }

    /// The rows that both will write; `a`'s first writes, which `b` has seen.
    fn prepare(self, a: &mut Session) -> Result<()> {
        let hot = self.hot;
        a.run(&format!(
            "insert into {TABLE} select g, md5(g::text), g from generate_series(1, {hot}) g"
        ))
    }

    /// `b` writes rows that `a` is about to write without knowing.
    fn conflict(self, b: &mut Session) -> Result<()> {
        let (hot, deleted) = (self.hot, self.hot / 10);
        b.run(&format!(
            "delete from {TABLE} where id <= {deleted}; \
             update {TABLE} set n = n + 1 where id between {deleted} + 1 and {hot}"
        ))
    }

    fn write(self, a: &mut Session, number: u32) -> Result<()> {
        let Self { hot, fresh, single } = self;
        let first = u64::from(number) << 32;
        a.run(&format!("update {TABLE} set v = md5(v), n = n + 1 where id <= {hot}"))?;
        a.run(&format!(
            "do $$ begin for i in 0 .. {fresh} - 1 by 1000 loop \
               insert into {TABLE} select {first} + g, md5(g::text), g \
               from generate_series(i, least(i + 999, {fresh} - 1)) g; \
               commit; \
             end loop; end $$"
        ))?;
        a.run(&format!(
            "update {TABLE} set v = v || 'x' where id between {first} and {first} + {fresh}"
        ))?;
        a.run(&format!(
            "do $$ begin for i in 0 .. {single} - 1 loop \
               update {TABLE} set n = n + 1 where id = {first} + i; \
               commit; \
             end loop; end $$"
        ))?;
        a.run(&format!(
            "delete from {TABLE} where id between {first} and {first} + {fresh} / 2 - 1"
        ))
    }

    /// A stream without conflicts would say less than it seems to.
    fn require_conflicts(self, b: &mut Session, before: u32) -> Result<()> {
        let logged = logged(b)? - before;
        let expected = BATCHES * self.hot;
        if logged != expected {
            bail!(
                "{logged} conflicts were logged where {expected} were made; the figure would mean \
                 nothing: see steep_repl.conflict_log after `cargo xtask test`"
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_has_the_changes_it_is_asked_for() {
        for changes in [250, 50_000, 250_000] {
            let batch = Batch::of(changes);
            assert!(batch.changes().abs_diff(changes) <= 5, "{batch:?}");
            assert!(batch.hot >= 5 && batch.single <= batch.fresh / 2);
        }
    }
}
