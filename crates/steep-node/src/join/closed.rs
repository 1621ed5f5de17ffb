//! The tables of a joining node are closed to its own clients: what they wrote before the members
//! read from here would reach nobody.

use std::time::Duration;

use steep_pg::Connection;
use steep_proto::ReplicatedTable;

use super::wait;
use crate::error::{NodeError, While};
use crate::names;

/// How long clients queue behind an attempt to open a table that others are reading: longer than
/// autovacuum takes to give way (`deadlock_timeout`, 1 s).
const LOCK_TIMEOUT: &str = "2s";
/// For which those clients are left alone then.
const PAUSE: Duration = Duration::from_secs(1);
/// How long a table may be in use, whatever table that is.
const PATIENCE: Duration = Duration::from_secs(3600);

/// Closes the tables, which are there and empty.
pub(super) async fn close(
    client: &Connection,
    tables: &[ReplicatedTable],
) -> Result<(), NodeError> {
    let names: Vec<_> = tables.iter().map(names::qualified).collect();
    client
        .execute("select steep_repl.close_tables($1::text[]::regclass[])", &[&names])
        .await
        .while_doing("closing the tables of this node until it has joined")?;
    Ok(())
}

/// Opens them, each by itself: together they would wait for, and hold up, the apply workers.
pub(super) async fn open(client: &Connection) -> Result<(), NodeError> {
    wait::until("opening the tables of this node", PATIENCE, || async {
        let closed = client
            .query(
                "select format('%I.%I', n.nspname, c.relname)
                 from pg_trigger t
                 join pg_class c on c.oid = t.tgrelid
                 join pg_namespace n on n.oid = c.relnamespace
                 where t.tgname = 'steep_repl_joining' order by c.oid",
                &[],
            )
            .await
            .while_doing("listing the tables that are closed")?;
        let mut in_use = None;
        for row in closed {
            let table = row.get::<_, String>(0);
            let opened = client
                .batch_execute(&format!(
                    "set local lock_timeout = '{LOCK_TIMEOUT}';
                     drop trigger if exists steep_repl_joining on {table}"
                ))
                .await;
            match opened {
                Err(error) if is_in_use(&error) => in_use = Some(format!("{table} is in use")),
                opened => opened.while_doing(format!("opening table {table}"))?,
            }
        }
        if in_use.is_some() {
            tokio::time::sleep(PAUSE).await;
        }
        Ok(in_use)
    })
    .await
}

fn is_in_use(error: &tokio_postgres::Error) -> bool {
    use tokio_postgres::error::SqlState;
    [SqlState::LOCK_NOT_AVAILABLE, SqlState::T_R_DEADLOCK_DETECTED]
        .iter()
        .any(|state| error.code() == Some(state))
}
