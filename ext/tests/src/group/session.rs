//! Statements on a node.

use std::sync::PoisonError;

use postgres::{Client, SimpleQueryMessage};
use steep_testkit::TextRows;
use steep_testkit::wait::Observed;

use super::Group;
use crate::{DATABASE, Failure};

/// A transaction that a node committed, as the other nodes come to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// The node.
    pub node: String,
    /// Its transaction id there.
    pub xid: i64,
    /// Its commit timestamp, in microseconds since 1970.
    pub at: i64,
}

impl Group {
    /// Runs statements on a node, in one transaction unless they say otherwise.
    ///
    /// # Errors
    /// When one of them fails.
    pub fn execute(&self, node: &str, sql: &str) -> Result<(), Failure> {
        self.rows(node, sql).map(drop)
    }

    /// Runs statements on a node and returns the rows of all of them as text.
    ///
    /// # Errors
    /// When one of them fails.
    pub fn rows(&self, node: &str, sql: &str) -> Result<TextRows, Failure> {
        self.try_rows(node, sql)
            .map_err(|error| self.failed(format!("on {node}: {error}\n  {sql}")))
    }

    /// The first column of the first row as text, which must be there and not null.
    ///
    /// # Errors
    /// When it is not, or the query fails.
    pub fn value(&self, node: &str, sql: &str) -> Result<String, Failure> {
        let rows = self.rows(node, sql)?;
        let value = rows.into_iter().next().and_then(|row| row.into_iter().next().flatten());
        value.ok_or_else(|| self.failed(format!("on {node}: no value of\n  {sql}")))
    }

    /// The first column of the first row as text, for a look that is repeated until a deadline.
    ///
    /// # Errors
    /// When there is no such value, or the query fails; neither fails the test.
    pub fn look(&self, node: &str, sql: &str) -> Result<String, Observed> {
        let rows = self.try_rows(node, sql).map_err(Observed::new)?;
        let value = rows.into_iter().next().and_then(|row| row.into_iter().next().flatten());
        value.ok_or_else(|| Observed::new("no value"))
    }

    /// Kills a server, and starts it again.
    ///
    /// # Errors
    /// When it does not die, or does not start.
    pub fn crash(&self, node: &str) -> Result<(), Failure> {
        self.nodes().iter().for_each(|node| {
            node.expect_peer_loss();
            // The others come as soon as it listens.
            node.expect_log("^the database system is (starting up|not yet accepting connections)");
        });
        self.forget_session(node);
        let crashed = self.node(node).kill9().and_then(|()| self.node(node).start());
        crashed.map_err(|error| self.failed(error))
    }

    /// Opens a new session for the next statement on a node.
    pub fn forget_session(&self, node: &str) {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner).remove(node);
    }

    /// As [`rows`](Self::rows), with the error as text and without a report: for looks that may
    /// fail.
    pub(crate) fn try_rows(&self, node: &str, sql: &str) -> Result<TextRows, String> {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let mut client = match sessions.remove(node) {
            Some(client) if !client.is_closed() => client,
            _ => self.node(node).try_client(DATABASE).map_err(|error| error.to_string())?,
        };
        let rows = text_rows(&mut client, sql);
        // What failed may have left the session in a failed transaction.
        if rows.is_ok() {
            sessions.insert(node.to_owned(), client);
        }
        rows.map_err(|error| described(&error))
    }

    /// Runs statements on a node as one transaction that writes, and returns what it is known by.
    ///
    /// # Errors
    /// When one of them fails.
    pub fn write(&self, node: &str, sql: &str) -> Result<Write, Failure> {
        // A batch that fails is rolled back as a whole (exec_simple_query).
        let xid = self.value(node, &format!("{sql}; select pg_current_xact_id()"))?;
        let at = self.value(node, &format!(
            "select (extract(epoch from pg_xact_commit_timestamp('{xid}'::xid)) * 1000000)::bigint"
        ))?;
        let number = |text: &str| {
            text.parse().map_err(|_| self.failed(format!("on {node}: {text} is no number")))
        };
        Ok(Write { node: node.to_owned(), xid: number(&xid)?, at: number(&at)? })
    }
}

/// Runs statements and returns the rows of all of them as text.
pub(crate) fn text_rows(client: &mut Client, sql: &str) -> Result<TextRows, postgres::Error> {
    let messages = client.simple_query(sql)?;
    let rows = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    Ok(rows.map(|row| (0..row.len()).map(|at| row.get(at).map(str::to_owned)).collect()).collect())
}

/// PostgreSQL's own message: the client library's text is only "db error".
pub(crate) fn described(error: &postgres::Error) -> String {
    match error.as_db_error() {
        Some(db) => format!(
            "{} {}: {} {} {}",
            db.severity(),
            db.code().code(),
            db.message(),
            db.detail().unwrap_or_default(),
            db.hint().unwrap_or_default()
        ),
        None => error.to_string(),
    }
}
