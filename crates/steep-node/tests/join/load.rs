//! Writes that go on while something else happens.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use steep_testkit::postgres::error::SqlState;

use crate::group::{DATABASE, Group, Outcome};

/// Tables that the load writes to.
pub(crate) const SCHEMA: &str = "
  create table account (id int primary key, balance bigint not null, note text);
  create table history (id text primary key, account int not null, amount bigint not null);
  create table \"Odd Näme\" (\"Kéy\" text, part int, v text, primary key (part, \"Kéy\"));
  create table leaves (id int, at date, v text, primary key (id, at)) partition by range (at);
  create table leaves_1 partition of leaves for values from ('2026-01-01') to ('2026-07-01');
  create table leaves_2 partition of leaves for values from ('2026-07-01') to ('2027-01-01');
  create index on account (balance);
  insert into account select i, 1000, repeat('n', i % 50) from generate_series(1, 2000) i;
  insert into \"Odd Näme\" select 'k' || i, i % 7, 'v' from generate_series(1, 500) i;
  insert into leaves select i, '2026-01-01'::date + i % 360, 'v' from generate_series(1, 500) i;";

pub(crate) const TABLES: [&str; 4] = ["account", "history", "\"Odd Näme\"", "leaves"];

/// One session for each node that writes until it is stopped.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    sessions: Vec<JoinHandle<Result<(), String>>>,
    written: Arc<AtomicU64>,
    longest: Arc<AtomicU64>,
}

impl Load {
    pub(crate) fn start(group: &Group, nodes: &[&str]) -> Self {
        let (stop, written, longest) = (Arc::default(), Arc::default(), Arc::default());
        let sessions = nodes
            .iter()
            .enumerate()
            .map(|(number, node)| {
                let mut client = group.cluster(node).client(DATABASE);
                let node = (*node).to_owned();
                let (stop, written, longest) =
                    (Arc::clone(&stop), Arc::clone(&written), Arc::clone(&longest));
                std::thread::spawn(move || {
                    let mut step = number as u64;
                    while !AtomicBool::load(&stop, Ordering::Relaxed) {
                        let begun = Instant::now();
                        match client.batch_execute(&transaction(&node, step)) {
                            Ok(()) => {}
                            // With an apply worker, as between any two writers.
                            Err(error)
                                if error.code() == Some(&SqlState::T_R_DEADLOCK_DETECTED) =>
                            {
                                continue;
                            }
                            Err(error) => {
                                return Err(format!("a write on {node} was refused: {error:?}"));
                            }
                        }
                        let took = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
                        AtomicU64::fetch_max(&longest, took, Ordering::Relaxed);
                        AtomicU64::fetch_add(&written, 1, Ordering::Relaxed);
                        step += 1;
                    }
                    Ok(())
                })
            })
            .collect();
        Self { stop, sessions, written, longest }
    }

    /// Waits until this many transactions have been written.
    pub(crate) fn reach(&self, count: u64) -> Outcome {
        steep_testkit::wait::until(Duration::from_secs(60), "some load", || {
            let written = self.written.load(Ordering::Relaxed);
            if written >= count { Ok(()) } else { Err(steep_testkit::wait::Observed::new(written)) }
        })?;
        Ok(())
    }

    pub(crate) fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// Stops, and says how many transactions were written and how long the longest took.
    pub(crate) fn stop(self) -> Outcome<(u64, Duration)> {
        self.stop.store(true, Ordering::Relaxed);
        for session in self.sessions {
            session.join().map_err(|_| "a session panicked")??;
        }
        let longest = Duration::from_micros(self.longest.load(Ordering::Relaxed));
        Ok((self.written.load(Ordering::Relaxed), longest))
    }
}

/// Different keys by turns, the same on all nodes: some writes meet.
fn transaction(node: &str, step: u64) -> String {
    let id = step * 7919 % 2000 + 1;
    let hot = step % 20 + 1;
    match step % 6 {
        0 => format!(
            "delete from account where id = {id}; insert into history values ('{node}-{step}', {id}, 1)"
        ),
        1 => format!(
            "insert into account values ({id}, {step}, '{node}') on conflict (id) do update set balance = excluded.balance, note = excluded.note"
        ),
        2 => format!(
            "update account set balance = balance + 1, note = '{node}{step}' where id = {hot}; insert into history values ('{node}-{step}', {hot}, 2)"
        ),
        // One row: those who write many at once, in different orders, wait for each other for ever.
        3 => format!(
            "update \"Odd Näme\" set v = '{node}{step}' where part = {} and \"Kéy\" = 'k{}'",
            (step % 500 + 1) % 7,
            step % 500 + 1
        ),
        4 => format!(
            "delete from leaves where id = {hot}; insert into leaves values ({hot}, '2026-0{}-01', '{node}{step}') on conflict do nothing",
            step % 9 + 1
        ),
        _ => format!(
            "begin; savepoint s; update account set note = 'never' where id = {id}; rollback to s; update account set note = '{node}{step}' where id = {id}; commit"
        ),
    }
}
