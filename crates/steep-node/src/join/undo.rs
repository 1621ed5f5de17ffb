//! Taking an attempt back.

use std::time::Duration;

use steep_pg::Connection;

use super::peers::Peers;
use super::programs::SESSIONS;
use super::record::{Record, Step};
use super::wait;
use crate::error::{NodeError, While};
use crate::member::{Member, drop_link};
use crate::names;

/// How long a session that was told to end may take.
const LAST_WORDS: Duration = Duration::from_secs(60);

/// Drops what the attempt has made in this database, and asks the members to forget it. Fails, and
/// leaves a record to try again, when a member cannot be reached: its slot would keep WAL for ever.
pub(super) async fn everything(
    own: &Member,
    peers: &dyn Peers,
    record: &Record,
) -> Result<(), NodeError> {
    let server = own.server().with_statement_timeout(Duration::ZERO);
    let client = server.connect().await.while_doing("connecting to this server")?;
    end_sessions(&client).await?;
    Record { step: Step::Undoing, ..record.clone() }.save(&client).await?;
    // Their slots are gone only when no subscription of this node reads from them any more.
    for (node, _) in &record.members {
        drop_link(&client, node).await.while_doing(format!("undoing the link to node {node}"))?;
    }
    let mut unreachable = None;
    for (node, address) in &record.members {
        if let Err(error) = peers.abort(address, &record.join_id, &record.node).await {
            tracing::warn!(peer = %node, error = error.for_log(), "a member has not forgotten the attempt yet");
            unreachable = Some(error);
        }
    }
    if let Some(error) = unreachable {
        return Err(error);
    }
    drop_objects(&client, record).await
}

/// Ends what still fills this database. A session that waits for a lock does not notice that its
/// client is gone, and pg_restore outlives a daemon that was killed: it would commit a schema that
/// nobody knows of.
async fn end_sessions(client: &Connection) -> Result<(), NodeError> {
    wait::until("the end of the attempt's sessions", LAST_WORDS, || async {
        let left = client
            .query(
                "select pid, pg_terminate_backend(pid) from pg_stat_activity
                 where datname = current_database() and application_name = $1",
                &[&SESSIONS],
            )
            .await
            .while_doing("ending the attempt's sessions")?;
        Ok(left.first().map(|row| format!("session {} is still there", row.get::<_, i32>(0))))
    })
    .await
}

/// Whatever was not in the database before: it was empty but for extensions.
async fn drop_objects(client: &Connection, record: &Record) -> Result<(), NodeError> {
    let what = "undoing the copied schema";
    let text_array = |texts: &[String]| {
        let quoted: Vec<_> = texts.iter().map(|text| names::literal(text)).collect();
        format!("array[{}]::text[]", quoted.join(", "))
    };
    // No trigger of the schema is to have a say in its end.
    client.batch_execute("set session_replication_role = replica").await.while_doing(what)?;
    let sql = include_str!("undo.sql")
        .replace(":schemas_before", &text_array(&record.schemas_before))
        .replace(":extensions_before", &text_array(&record.extensions_before));
    client.batch_execute(&sql).await.while_doing(what)
}
