//! A session that stays open, so that measured statements pay for no connection.

use std::io::Write as _;

use anyhow::{Context as _, Result, anyhow};
use steep_testkit::PgCluster;
use steep_testkit::postgres::{Client, Error, SimpleQueryMessage};

/// The database that has the extension and the tables.
pub(super) const DATABASE: &str = "postgres";

/// How much of a statement an error shows.
const SHOWN: usize = 200;

pub(super) struct Session {
    client: Client,
    node: String,
}

impl Session {
    pub(super) fn open(node: &PgCluster) -> Result<Self> {
        Ok(Self { client: node.try_client(DATABASE)?, node: node.name().to_owned() })
    }

    /// Runs statements; several are one transaction.
    pub(super) fn run(&mut self, sql: &str) -> Result<()> {
        self.client.batch_execute(sql).map_err(|error| failed(&self.node, sql, &error))
    }

    /// The first column of the first row as text, if there is one that is not null.
    pub(super) fn look(&mut self, sql: &str) -> Result<Option<String>> {
        let messages =
            self.client.simple_query(sql).map_err(|error| failed(&self.node, sql, &error))?;
        Ok(messages.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        }))
    }

    /// As [`look`](Self::look), of which there must be one.
    pub(super) fn value(&mut self, sql: &str) -> Result<String> {
        let node = self.node.clone();
        self.look(sql)?.with_context(|| format!("node {node} has no answer to\n  {}", head(sql)))
    }

    /// As [`value`](Self::value), read as a number.
    pub(super) fn number(&mut self, sql: &str) -> Result<u32> {
        let value = self.value(sql)?;
        value.parse().with_context(|| format!("{value:?} is no number, but the answer to {sql}"))
    }

    /// Sends data that `copy … from stdin` reads.
    pub(super) fn copy(&mut self, sql: &str, data: &[u8]) -> Result<()> {
        let copying = self.client.copy_in(sql);
        let mut writer = copying.map_err(|error| failed(&self.node, sql, &error))?;
        writer.write_all(data).with_context(|| format!("node {}: {sql}", self.node))?;
        writer.finish().map(drop).map_err(|error| failed(&self.node, sql, &error))
    }
}

/// PostgreSQL's own message: the client library's text is only "db error".
fn failed(node: &str, sql: &str, error: &Error) -> anyhow::Error {
    let said = error.as_db_error().map_or_else(|| error.to_string(), ToString::to_string);
    anyhow!("node {node}: {said}\n  {}", head(sql))
}

fn head(sql: &str) -> String {
    sql.chars().take(SHOWN).collect()
}
