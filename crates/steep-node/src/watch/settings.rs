//! How and how closely to watch.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::certificates::{AskCertificates, Certificates};
use crate::links::Findings;
use crate::ranges::RangeBoard;
use crate::routes::Routes;

/// How and how closely to watch.
#[derive(Clone)]
pub struct Settings {
    /// Time from one look to the next.
    pub interval: Duration,
    /// When a look counts as failed.
    pub look_timeout: Duration,
    /// WAL kept for a slot that deserves a warning, in bytes.
    pub slot_warning: u64,
    /// WAL kept for a slot that endangers the disk, in bytes.
    pub slot_critical: u64,
    /// Time from one question to a peer's daemon to the next.
    pub peer_interval: Duration,
    /// When a question to a peer's daemon counts as failed.
    pub peer_timeout: Duration,
    /// So many failed questions in a row make a peer unreachable.
    pub peer_threshold: u32,
    /// Ways to peers that are not those by which the peers say they are reached.
    pub routes: Routes,
    /// Where the daemon keeps its files: whether it can write there is watched.
    pub data_dir: PathBuf,
    /// Version of the daemon.
    pub daemon_version: String,
    /// The certificates of this node's daemon.
    pub certificates: AskCertificates,
    /// What is found of the ways to the peers.
    pub links: Findings,
    /// How the ids of this node's tables are.
    pub ranges: RangeBoard,
}

impl Settings {
    /// What the configuration says.
    #[must_use]
    pub fn new(config: &steep_config::Config, daemon_version: &str) -> Self {
        let peers = &config.topology.health_check;
        Self {
            interval: config.watch.interval,
            look_timeout: config.postgres.statement_timeout.min(Duration::from_secs(10)),
            slot_warning: config.watch.slot_warning,
            slot_critical: config.watch.slot_critical,
            peer_interval: peers.interval,
            peer_timeout: peers.timeout,
            peer_threshold: peers.unhealthy_threshold,
            routes: Routes::of(&config.topology),
            data_dir: config.data_dir.clone(),
            daemon_version: daemon_version.to_owned(),
            certificates: Arc::new(Certificates::default),
            links: Findings::default(),
            ranges: RangeBoard::default(),
        }
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings").field("interval", &self.interval).finish_non_exhaustive()
    }
}
