//! The catalog contents of the extension as text, for comparing two ways of getting there.

use std::collections::BTreeSet;
use steep_testkit::{ClusterError, PgCluster};

/// Every fact the catalogs hold about the extension's objects in `database`, one line each.
///
/// # Errors
/// When the query fails.
pub fn extension_catalog(
    cluster: &PgCluster,
    database: &str,
) -> Result<BTreeSet<String>, ClusterError> {
    let rows = cluster.query(database, include_str!("catalog.sql"))?;
    Ok(rows.into_iter().flatten().flatten().collect())
}

/// The lines that only one of two catalogs has, marked `-` (only in the first) and `+`.
#[must_use]
pub fn catalog_difference(first: &BTreeSet<String>, second: &BTreeSet<String>) -> Vec<String> {
    let only_first = first.difference(second).map(|line| format!("- {line}"));
    let only_second = second.difference(first).map(|line| format!("+ {line}"));
    only_first.chain(only_second).collect()
}
