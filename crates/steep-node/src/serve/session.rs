//! Sessions that say for whom they work.

use steep_ipc::Failure;
use steep_pg::tokio_postgres::Client;
use steep_pg::{PgError, Pool, Pooled};

use super::failure;

/// A session of the pool that says in its `application_name` for which OS user it works.
pub(super) async fn of(pool: &Pool, caller: &str) -> Result<Pooled, Failure> {
    let session = pool.get().await.map_err(|error| failure(&error))?;
    // The pool resets it. Settings hold 63 bytes; a longer name is cut.
    let sql = "select pg_catalog.set_config('application_name', $1, false)";
    let name = format!("steep-repl for {caller}");
    session.query_one(sql, &[&name]).await.map_err(|error| failure(&error.into()))?;
    Ok(session)
}

/// Writes down which OS user gave a command, in the transaction that carries it out: the rest of the
/// audit log knows the daemon's role only.
pub(super) async fn record(
    client: &Client,
    action: &str,
    target: (&str, &str),
    caller: &str,
) -> Result<(), PgError> {
    let sql = "select steep_repl.audit($1, $2, $3, null, \
               pg_catalog.jsonb_build_object('os_user', $4::text))";
    let (kind, id) = target;
    client.execute(sql, &[&action, &kind, &id, &caller]).await?;
    Ok(())
}
