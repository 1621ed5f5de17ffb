//! How far a job is.

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

    /// Rows of `table` are being copied.
    pub fn table(&self, table: &str) {
        self.shared.told.send_modify(|progress| progress.table = Some(table.to_owned()));
    }

    /// A table is copied whole.
    pub fn table_done(&self) {
        self.shared.tables.fetch_add(1, Ordering::Relaxed);
        self.tell();
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
