//! Writes that go on while a node joins.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use steep_testkit::PgCluster;
use steep_testkit::postgres::error::SqlState;
use steep_testkit::wait::{self, Observed};

use super::support::Outcome;
use super::trio::{DATABASE, LOADED};

/// From one transaction to the next: a moderate load, beside which the apply workers keep up.
const PACE: Duration = Duration::from_millis(5);

/// One session for each node that writes until it is stopped.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    written: Arc<AtomicU64>,
    sessions: Vec<JoinHandle<Result<(), String>>>,
}

impl Load {
    /// Returns when it is under way.
    pub(crate) fn start(nodes: &[&PgCluster]) -> Result<Self, Box<dyn Error>> {
        let (stop, written) = (Arc::default(), Arc::default());
        let mut load = Self { stop, written, sessions: Vec::new() };
        for (number, node) in nodes.iter().enumerate() {
            let (stop, written) = (Arc::clone(&load.stop), Arc::clone(&load.written));
            let (mut client, name) = (node.client(DATABASE), node.name().to_owned());
            load.sessions.push(std::thread::spawn(move || {
                let mut step = number as u64;
                while !stop.load(Ordering::Relaxed) {
                    match client.batch_execute(&transaction(&name, step)) {
                        Ok(()) => {}
                        // With an apply worker, as between any two writers.
                        Err(error) if error.code() == Some(&SqlState::T_R_DEADLOCK_DETECTED) => {}
                        Err(error) => return Err(format!("a write on {name}: {error:?}")),
                    }
                    written.fetch_add(1, Ordering::Relaxed);
                    step += 1;
                    std::thread::sleep(PACE);
                }
                Ok(())
            }));
        }
        load.goes_on()?;
        Ok(load)
    }

    /// Waits for more writes.
    pub(crate) fn goes_on(&self) -> Outcome {
        let enough = self.written.load(Ordering::Relaxed) + 100;
        wait::until(wait::DEADLINE, "some load", || {
            let written = self.written.load(Ordering::Relaxed);
            if written >= enough { Ok(()) } else { Err(Observed::new(written)) }
        })?;
        Ok(())
    }

    /// Stops; no write may have been refused.
    pub(crate) fn stop(mut self) -> Outcome {
        self.stop.store(true, Ordering::Relaxed);
        for session in std::mem::take(&mut self.sessions) {
            session.join().map_err(|_| "a session panicked")??;
        }
        Ok(())
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        // A test that fails stops its servers: nobody writes then.
        self.stop.store(true, Ordering::Relaxed);
        for session in self.sessions.drain(..) {
            let _ = session.join();
        }
    }
}

/// The same keys on all nodes: some writes meet.
fn transaction(node: &str, step: u64) -> String {
    let id = step * 7919 % LOADED + 1;
    let hot = step % 20 + 1;
    match step % 4 {
        0 => format!(
            "delete from account where id = {id}; insert into history values ('{node}-{step}', {id}, 1)"
        ),
        1 => format!(
            "insert into account values ({id}, {step}, '{node}') on conflict (id) do update \
             set balance = excluded.balance, note = excluded.note"
        ),
        2 => format!(
            "update account set balance = balance + 1, note = '{node}{step}' where id = {hot}; \
             insert into history values ('{node}-{step}', {hot}, 2)"
        ),
        _ => format!("update account set note = '{node}{step}' where id = {id}"),
    }
}
