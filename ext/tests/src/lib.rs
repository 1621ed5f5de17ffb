//! Shared parts of the extension's tests: a cluster or a group of nodes with the extension, the
//! conflict log as values, refusals, the catalog contents of an extension as text, and torture.
//!
//! The tests themselves are in `tests/`, one file for each thing the extension promises. They need
//! the servers and the built extension that `cargo xtask ext` provides.

mod catalog;
mod complaint;
mod conflict;
mod decision;
mod failure;
mod fight;
mod group;
mod login;
mod refusal;
pub mod torture;

pub use catalog::{catalog_difference, extension_catalog};
pub use complaint::is_apply_error;
pub use conflict::{Conflict, Side};
pub use decision::{add_peer_b, log_conflict, node_with_table, row_of};
pub use failure::Failure;
pub use fight::{Fight, Move, Scene};
pub use group::{Group, GroupBuilder, PATIENCE, Write};
pub use login::{login, session};
pub use refusal::{Refusal, refusal, refusal_of};
pub use serde_json::{Value as Json, json};

use steep_testkit::{ClusterError, Major, PgCluster};

/// What a test returns.
pub type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// The database the clusters' tests work in.
pub const DATABASE: &str = "postgres";

/// Starts a cluster that preloads `steep_repl` and creates the extension in [`DATABASE`].
///
/// # Errors
/// When the cluster does not start or the extension cannot be created.
pub fn cluster_with_extension(major: Major) -> Result<PgCluster, ClusterError> {
    let cluster = PgCluster::builder(major).with_extension().start()?;
    cluster.execute(DATABASE, "create extension steep_repl")?;
    Ok(cluster)
}
