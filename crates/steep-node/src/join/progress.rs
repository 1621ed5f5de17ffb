//! How far a job is.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use steep_ipc::Progress;
use tokio::sync::watch;

/// Counts what is done and tells whoever watches. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Meter {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    told: watch::Sender<Progress>,
    rows: AtomicU64,
    bytes: AtomicU64,
    tables: AtomicU64,
    /// Tables whose rows are being copied, with the bytes of each.
    in_progress: Mutex<BTreeMap<String, u64>>,
    copying_since: Mutex<Option<Instant>>,
}

impl Meter {
    /// A meter of a job that has not begun, and what it tells.
    #[must_use]
    pub fn new() -> (Self, watch::Receiver<Progress>) {
        let (told, seen) = watch::channel(Progress::default());
        let shared = Shared {
            told,
            rows: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            tables: AtomicU64::new(0),
            in_progress: Mutex::default(),
            copying_since: Mutex::new(None),
        };
        (Self { shared: Arc::new(shared) }, seen)
    }

    /// The next step begins.
    pub fn step(&self, step: &str, number: u32, steps: u32) {
        tracing::info!(step, number, steps, "join");
        self.shared.told.send_modify(|progress| {
            progress.step = step.to_owned();
            (progress.step_number, progress.steps) = (number, steps);
            progress.table = None;
            progress.seconds_left = None;
        });
    }

    /// The step goes on, and this is what it waits for.
    pub fn detail(&self, step: &str) {
        self.shared.told.send_if_modified(|progress| {
            let is_new = progress.step != step;
            if is_new {
                step.clone_into(&mut progress.step);
            }
            is_new
        });
    }

    /// Another daemon's job is so far.
    pub fn relay(&self, progress: Progress) {
        self.shared.told.send_replace(progress);
    }

    /// So much is to be copied.
    pub fn expect(&self, tables: u64, bytes: u64) {
        if let Ok(mut since) = self.shared.copying_since.lock() {
            *since = Some(Instant::now());
        }
        self.shared.told.send_modify(|progress| {
            (progress.tables, progress.bytes_total) = (tables, bytes);
        });
    }

    /// Rows of `table`, which has so many bytes, are being copied.
    pub fn table(&self, table: &str, bytes: u64) {
        self.change_tables(|tables| {
            tables.insert(table.to_owned(), bytes);
        });
    }

    /// A table is copied whole.
    pub fn table_done(&self, table: &str) {
        self.shared.tables.fetch_add(1, Ordering::Relaxed);
        self.change_tables(|tables| {
            tables.remove(table);
        });
        self.tell();
    }

    /// Of the tables in progress the largest is told: it is the one that is waited for.
    fn change_tables(&self, change: impl FnOnce(&mut BTreeMap<String, u64>)) {
        let Ok(mut tables) = self.shared.in_progress.lock() else { return };
        change(&mut tables);
        let largest = tables.iter().max_by_key(|(_, bytes)| **bytes).map(|(name, _)| name.clone());
        self.shared.told.send_modify(|progress| progress.table = largest);
    }

    /// So much more is copied.
    pub fn copied(&self, rows: u64, bytes: u64) {
        self.shared.rows.fetch_add(rows, Ordering::Relaxed);
        self.shared.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.tell();
    }

    fn tell(&self) {
        let since = self.shared.copying_since.lock().ok().and_then(|since| *since);
        let seconds = since.map_or(0.0, |since| since.elapsed().as_secs_f64());
        let bytes = self.shared.bytes.load(Ordering::Relaxed);
        self.shared.told.send_modify(|progress| {
            progress.rows = self.shared.rows.load(Ordering::Relaxed);
            progress.tables_done = self.shared.tables.load(Ordering::Relaxed);
            progress.bytes = bytes;
            let rate = rate(bytes, seconds);
            progress.bytes_per_second = rate;
            // What travels is not quite what the table's pages hold: a guess of the time left, no
            // more.
            progress.seconds_left = progress.bytes_total.saturating_sub(bytes).checked_div(rate);
        });
    }
}

#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn rate(bytes: u64, seconds: f64) -> u64 {
    if seconds > 0.0 { (bytes as f64 / seconds) as u64 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_tables_the_largest_is_named() {
        let (meter, told) = Meter::new();
        let named = || told.borrow().table.clone().unwrap_or_default();
        meter.table("large", 1000);
        meter.table("small", 10);
        assert_eq!(named(), "large");
        meter.table_done("large");
        assert_eq!((named().as_str(), told.borrow().tables_done), ("small", 1));
        meter.table_done("small");
        assert_eq!(named(), "");
    }
}
