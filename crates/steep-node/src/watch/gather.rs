//! One look at the database.

use steep_pg::tokio_postgres::Client;
use steep_pg::{
    PgError, conflicts, extension, heartbeats, nodes, publication, ranges, server_facts, slots,
    subscriptions, tables,
};

use super::facts::{Facts, NodeFacts};

/// Settings that decisions need.
const SETTINGS: [&str; 5] = [
    "max_replication_slots",
    "max_wal_senders",
    "steep_repl.max_clock_skew",
    "steep_repl.heartbeat_interval",
    "wal_retrieve_retry_interval",
];

/// Looks at everything.
///
/// # Errors
/// When a query fails: the connection is lost, or the role may not see it.
pub(super) async fn gather(client: &Client) -> Result<Facts, PgError> {
    let (server, extension) =
        tokio::try_join!(server_facts::read(client), extension::read(client))?;
    // Without its library in the server the extension's functions do not run.
    let node = if extension.installed.is_some() && extension.is_preloaded {
        Some(node_facts(client).await?)
    } else {
        None
    };
    Ok(Facts { server, extension, node })
}

async fn node_facts(client: &Client) -> Result<NodeFacts, PgError> {
    // All at once: the server gets them in one go and answers in order.
    let (findings, local, nodes, joining, subscriptions, slots, heartbeats) = tokio::try_join!(
        extension::check_setup(client),
        nodes::local(client),
        nodes::list(client),
        nodes::joining(client),
        subscriptions::list(client),
        slots::list(client),
        heartbeats::list(client),
    )?;
    let (triggers, publication, range_faults, tables, pending, conflicts, settings) = tokio::try_join!(
        tables::trigger_faults(client),
        publication::faults(client),
        ranges::faults(client),
        tables::count(client),
        conflicts::pending(client),
        conflicts::stats(client),
        server_facts::settings(client, &SETTINGS),
    )?;
    Ok(NodeFacts {
        findings,
        local,
        nodes,
        joining,
        subscriptions,
        slots,
        heartbeats,
        trigger_faults: triggers,
        publication_faults: publication,
        range_faults,
        replicated_tables: tables,
        pending_conflicts: pending,
        conflicts,
        settings,
        ..NodeFacts::default()
    })
}
