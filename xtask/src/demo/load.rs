//! The writes of the demo.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use steep_testkit::PgCluster;
use steep_testkit::postgres::error::SqlState;

/// Rows that both nodes like to change.
const HOT: u64 = 20;

/// One session on each node that writes until it is stopped.
pub(super) struct Load {
    stop: Arc<AtomicBool>,
    written: Arc<AtomicU64>,
    sessions: Vec<JoinHandle<Result<()>>>,
}

impl Load {
    pub(super) fn start(nodes: &[PgCluster], database: &str) -> Result<Self> {
        let (stop, written) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let mut sessions = Vec::new();
        for node in nodes {
            let mut client = node.try_client(database)?;
            let name = node.name().to_owned();
            let (stop, written) = (Arc::clone(&stop), Arc::clone(&written));
            sessions.push(thread::spawn(move || {
                let mut step = 0;
                while !stop.load(Ordering::Relaxed) {
                    match client.batch_execute(&transaction(&name, step)) {
                        Ok(()) => {}
                        // With an apply worker, as between any two writers: it is tried again.
                        Err(error) if error.code() == Some(&SqlState::T_R_DEADLOCK_DETECTED) => {
                            continue;
                        }
                        Err(error) => return Err(error.into()),
                    }
                    written.fetch_add(1, Ordering::Relaxed);
                    step += 1;
                }
                Ok(())
            }));
        }
        Ok(Self { stop, written, sessions })
    }

    /// Lets it write for a while; an error of a session ends the wait.
    pub(super) fn run_for(&self, time: Duration) -> Result<()> {
        let end = Instant::now() + time;
        while Instant::now() < end && !self.sessions.iter().any(JoinHandle::is_finished) {
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// How many transactions were written.
    pub(super) fn stop(self) -> Result<u64> {
        self.stop.store(true, Ordering::Relaxed);
        for session in self.sessions {
            session.join().map_err(|_| anyhow!("a session panicked"))??;
        }
        Ok(self.written.load(Ordering::Relaxed))
    }
}

fn transaction(node: &str, step: u64) -> String {
    let (item, hot) = (step * 7919 % 1000 + 1, step % HOT + 1);
    match step % 4 {
        0 => format!(
            "begin; update item set stock = stock - 1 where id = {item}; \
             insert into purchase (item, amount, node) values ({item}, 1, '{node}'); commit"
        ),
        1 => format!("update item set price = price + 0.01 where id = {hot}"),
        2 => format!("update item set name = 'renamed on {node}' where id = {hot}"),
        _ => format!("insert into purchase (item, amount, node) values ({hot}, 2, '{node}')"),
    }
}
