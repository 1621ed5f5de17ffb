//! What the joining database remembers of its attempt.

use serde::{Deserialize, Serialize};
use steep_pg::Connection;

use super::Address;
use crate::error::{NodeError, While};

/// An attempt to join, as `steep_repl.own_join` keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// Chosen by this node.
    pub(super) join_id: String,
    /// This node.
    pub(super) node: String,
    /// How far it is.
    pub(super) step: Step,
    /// The members, each asked or about to be.
    pub(super) members: Vec<(String, Address)>,
    /// Extensions and schemas that were there before: what is new goes if the attempt fails.
    pub(super) extensions_before: Vec<String>,
    pub(super) schemas_before: Vec<String>,
}

/// From which point on an attempt is carried on instead of being undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Step {
    /// Rows are being copied.
    Filling,
    /// The rows are here and the subscriptions know where to begin.
    Tied,
    /// Everybody knows it as a member, and its own clients may write: nothing is undone any more.
    Open,
    /// It failed; not every member has forgotten it yet.
    Undoing,
}

impl Record {
    /// Writes it down.
    pub(super) async fn save(&self, client: &Connection) -> Result<(), NodeError> {
        let text = serde_json::to_string(self).unwrap_or_default();
        client
            .execute(
                "insert into steep_repl.own_join (record) values ($1::text::jsonb)
                 on conflict (singleton) do update set record = excluded.record",
                &[&text],
            )
            .await
            .while_doing("recording the step")?;
        Ok(())
    }

    /// The attempt that was not ended, if there is one.
    pub(super) async fn load(client: &Connection) -> Result<Option<Self>, NodeError> {
        let what = "reading the record of an earlier attempt";
        let exists = client
            .query_one("select to_regclass('steep_repl.own_join') is not null", &[])
            .await
            .while_doing(what)?
            .get::<_, bool>(0);
        if !exists {
            return Ok(None);
        }
        let row = client
            .query_opt("select record::text from steep_repl.own_join", &[])
            .await
            .while_doing(what)?;
        match row.map(|row| serde_json::from_str(row.get(0))) {
            None => Ok(None),
            Some(Ok(record)) => Ok(Some(record)),
            Some(Err(error)) => crate::error::refused(
                format!("the record of an earlier attempt to join cannot be read: {error}"),
                "it was written by another version of the daemon: use that version once more",
            ),
        }
    }

    /// Forgets it.
    pub(super) async fn end(client: &Connection) -> Result<(), NodeError> {
        client
            .execute("delete from steep_repl.own_join", &[])
            .await
            .while_doing("ending the record")?;
        Ok(())
    }
}
