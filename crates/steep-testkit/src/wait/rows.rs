//! Waiting for rows and log lines.

use std::fmt;
use std::time::Duration;

use super::{Observed, WaitError, until};
use crate::cluster::{PgCluster, TextRows, text_rows};
use crate::tables;

/// One session that is opened again when it is lost.
pub(super) struct Watcher<'a> {
    cluster: &'a PgCluster,
    database: &'a str,
    client: Option<postgres::Client>,
}

impl<'a> Watcher<'a> {
    pub(super) fn new(cluster: &'a PgCluster, database: &'a str) -> Self {
        Self { cluster, database, client: None }
    }

    pub(super) fn rows(&mut self, sql: &str) -> Result<TextRows, Observed> {
        let mut client = match self.client.take() {
            Some(client) => client,
            None => self.cluster.try_client(self.database)?,
        };
        let rows = text_rows(&mut client, sql)
            .map_err(|source| self.cluster.sql_error(self.database, source))?;
        self.client = Some(client);
        Ok(rows)
    }
}

/// Waits until the first value of the query's first row is `expected`, and returns nothing.
///
/// A query that fails leaves an `ERROR` in the log: ask for tables that exist.
///
/// # Errors
/// When the value is another at the deadline.
pub fn query_returns(
    cluster: &PgCluster,
    database: &str,
    sql: &str,
    expected: impl fmt::Display,
    deadline: Duration,
) -> Result<(), WaitError> {
    let expected = expected.to_string();
    let mut watcher = Watcher::new(cluster, database);
    let what = format!("{expected:?} as the result of {sql:?} on {}", cluster.name());
    until(deadline, what, || {
        let rows = watcher.rows(sql)?;
        match rows.first().and_then(|row| row.first()) {
            Some(Some(value)) if *value == expected => Ok(()),
            Some(Some(value)) => Err(Observed::new(format!("{value:?}"))),
            Some(None) => Err(Observed::new("null")),
            None => Err(Observed::new("no row")),
        }
    })
}

/// Waits until the table has a row for which the condition holds.
///
/// # Errors
/// When it has none at the deadline.
pub fn row_visible(
    cluster: &PgCluster,
    database: &str,
    table: &str,
    condition: &str,
    deadline: Duration,
) -> Result<(), WaitError> {
    let sql = format!("select exists (select from {table} where {condition})");
    query_returns(cluster, database, &sql, "t", deadline)
}

/// Waits until the table has the same rows on every cluster, in whatever order.
///
/// # Errors
/// When rows differ at the deadline; the error shows up to ten.
pub fn tables_equal(
    clusters: &[&PgCluster],
    database: &str,
    table: &str,
    deadline: Duration,
) -> Result<(), WaitError> {
    let names: Vec<_> = clusters.iter().map(|cluster| cluster.name()).collect();
    let what = format!("equal rows of {table} on {}", names.join(", "));
    until(deadline, what, || Ok(tables::tables_equal(clusters, database, table)?))
}

/// Waits until the server log has a line whose message or detail contains `text`.
///
/// # Errors
/// When it has none at the deadline.
pub fn log_line(cluster: &PgCluster, text: &str, deadline: Duration) -> Result<(), WaitError> {
    until(deadline, format!("{text:?} in the log of {}", cluster.name()), || {
        let log = cluster.log();
        if log.iter().any(|entry| entry.message.contains(text) || entry.detail.contains(text)) {
            return Ok(());
        }
        Err(log.last().map_or(Observed::new("an empty log"), Observed::new))
    })
}
