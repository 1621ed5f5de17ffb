//! The text of the error that keeps a subscription from applying.

use steep_pg::subscriptions::last_error_in_log;
use steep_pg::{PgError, tokio_postgres::Client};

use super::facts::Facts;
use super::memory::Memory;

/// Adds to the facts what the server's log says of subscriptions in trouble.
///
/// No catalog of PostgreSQL 16 to 18 has the text: `pg_stat_subscription_stats` counts errors, and
/// the worker that met one is gone before anybody can look at `pg_stat_activity`. So the log is
/// read, but only when the count has grown, and what was found stays until the trouble is over.
///
/// # Errors
/// When the connection is lost.
pub(super) async fn add(
    client: &Client,
    facts: &mut Facts,
    memory: &Memory,
) -> Result<(), PgError> {
    let Some(node) = &mut facts.node else { return Ok(()) };
    for subscription in &node.subscriptions {
        let Some(found) = &subscription.found else { continue };
        let peer = &subscription.peer;
        let error = if memory.has_new_errors(peer, found.apply_errors) {
            last_error_in_log(client, found.oid).await?
        } else {
            memory.logged_error(peer).cloned()
        };
        if let Some(error) = error {
            node.logged_errors.insert(peer.clone(), error);
        }
    }
    Ok(())
}
