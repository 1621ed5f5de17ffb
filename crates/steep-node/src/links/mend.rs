//! Altering how a subscription connects, once this server has been seen to connect in that way.

use steep_pg::{Conninfo, PgError, tokio_postgres::Client};

use crate::member::DISCREET;
use crate::names;

/// A subscription that is made and rolled back: so this server connects by its own libpq, as its own
/// user and with its own files, and not this daemon.
const PROBE: &str = "steep_repl_probe";
/// Seconds that the probe may take to connect.
const PATIENCE: &str = "5";

/// Whether this server can connect like this.
///
/// # Errors
/// With what the server says: it cannot, or may not.
pub(super) async fn try_out(client: &Client, conninfo: &Conninfo) -> Result<(), PgError> {
    let mut hasty = conninfo.clone();
    hasty.set("connect_timeout", Some(PATIENCE));
    let statement = format!(
        "create subscription {PROBE} connection {} publication steep_repl
         with (connect = true, create_slot = false, slot_name = none, enabled = false, copy_data = false)",
        literal(&hasty)
    );
    // The complaints of a probe are this daemon's to tell.
    let quietly = format!("begin; {DISCREET}; set local log_min_messages = fatal");
    let made = match client.batch_execute(&quietly).await {
        Ok(()) => client.batch_execute(&statement).await,
        refused => refused,
    };
    client.batch_execute("rollback").await?;
    match made.map_err(PgError::from) {
        // A table that the other node publishes is not here: it has been connected to.
        Err(error) if error.code() == Some("42P01") => Ok(()),
        made => made,
    }
}

/// Alters the subscription, and records it without anything secret. False if somebody else has altered
/// it meanwhile.
///
/// # Errors
/// When the role may not, or the connection is lost: then nothing is done.
pub(super) async fn alter(
    client: &mut Client,
    subscription: &str,
    from: &Conninfo,
    to: &Conninfo,
    differs: &[&str],
) -> Result<bool, PgError> {
    let transaction = client.transaction().await?;
    transaction.batch_execute(DISCREET).await?;
    let row = transaction
        .query_opt(
            "select s.subconninfo from pg_catalog.pg_subscription s
             where s.subname = $1 and s.subdbid = (select d.oid from pg_catalog.pg_database d
               where d.datname = pg_catalog.current_database())",
            &[&subscription],
        )
        .await?;
    let found = row.map(|row| row.try_get::<_, String>(0)).transpose()?;
    if found.and_then(|text| Conninfo::parse(&text)).as_ref() != Some(from) {
        return Ok(false);
    }
    let name = names::identifier(subscription);
    let statement = format!("alter subscription {name} connection {}", literal(to));
    transaction.batch_execute(&statement).await?;
    transaction
        .execute(
            "select steep_repl.audit('subscription.repair', 'subscription', $1, null,
               pg_catalog.jsonb_build_object('connection', $2::text[], 'by', 'steep-repl'))",
            &[&subscription, &differs],
        )
        .await?;
    transaction.commit().await?;
    Ok(true)
}

fn literal(conninfo: &Conninfo) -> String {
    let pairs: Vec<_> = conninfo.pairs().collect();
    names::literal(&names::conninfo(&pairs))
}
