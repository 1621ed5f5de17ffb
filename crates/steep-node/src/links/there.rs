//! Asking the other end of a link why nothing comes from there.

use std::time::Duration;

use steep_pg::{Conninfo, PgError, Secret, Server, Settings, Tls, slots};

use super::There;
use crate::names;

/// How long connecting may take, and each question.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is wrong at the other end, if it is something that can be seen there. It is asked in the way
/// of the subscription, so that it knows this node.
pub(super) async fn ask(own: &str, peer: &str, conninfo: &Conninfo) -> Option<There> {
    let slot = names::of_node(own);
    match looked(&slot, peer, conninfo).await {
        Ok(there) => there,
        Err(error) if error.is_connection_lost() || error.code().is_some_and(is_about_login) => {
            Some(There::Unreachable(error.for_log()))
        }
        Err(error) => {
            tracing::debug!(
                peer,
                error = error.for_log(),
                "the other end of a link cannot be asked"
            );
            None
        }
    }
}

/// Authorization, and what a server says while it starts or has no room.
fn is_about_login(code: &str) -> bool {
    ["28", "3D", "53", "57"].iter().any(|class| code.starts_with(class)) && code != "57014"
}

async fn looked(slot: &str, peer: &str, conninfo: &Conninfo) -> Result<Option<There>, PgError> {
    let Some(settings) = settings(peer, conninfo) else { return Ok(None) };
    let client = Server::new(settings)?.connect().await?;
    let row = client
        .query_one(
            "select exists (select from pg_catalog.pg_publication p where p.pubname = 'steep_repl'),
               exists (select from pg_catalog.pg_replication_slots s
                 where s.slot_name = $1 and s.database = pg_catalog.current_database())",
            &[&slot],
        )
        .await?;
    let (has_publication, has_slot): (bool, bool) = (row.try_get(0)?, row.try_get(1)?);
    Ok(match (has_publication, has_slot) {
        (false, _) => Some(There::NoPublication),
        (true, false) => Some(There::NoSlot),
        (true, true) => {
            let is_blocked = slots::may_be_blocked(&client, slot).await?
                && slots::is_blocked(&client, slot).await?.unwrap_or(true);
            is_blocked.then_some(There::Blocked)
        }
    })
}

/// None for a connection string that says too little.
fn settings(peer: &str, conninfo: &Conninfo) -> Option<Settings> {
    let get = |keyword| conninfo.get(keyword);
    let port = get("port").map_or(Some(5432), |port| port.parse().ok())?;
    let mut settings = Settings::new(get("host")?, port, get("dbname")?, get("user")?);
    settings.secret = get("password").map(Secret::new);
    settings.peer = Some(peer.to_owned());
    (settings.connect_timeout, settings.statement_timeout) = (PATIENCE, PATIENCE);
    settings.application_name = "steep-repl links".to_owned();
    settings.tls = Tls {
        mode: get("sslmode").and_then(|mode| mode.parse().ok()).unwrap_or_default(),
        ca_file: get("sslrootcert").map(Into::into),
        cert_file: get("sslcert").map(Into::into),
        key_file: get("sslkey").map(Into::into),
    };
    Some(settings)
}
