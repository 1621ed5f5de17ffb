//! Subscriptions and slots.

use steep_ipc::{Failure, Response, SlotStatus, SubscriptionStatus};
use steep_pg::{PgError, Pool, subscriptions, tokio_postgres::Client};

use super::{failure, session};
use crate::watch::Snapshot;

pub(super) fn status(snapshot: &Snapshot) -> Vec<SubscriptionStatus> {
    snapshot.status.peers.iter().filter_map(|peer| peer.incoming.clone()).collect()
}

pub(super) fn slots(snapshot: &Snapshot) -> Vec<SlotStatus> {
    snapshot.status.peers.iter().filter_map(|peer| peer.outgoing.clone()).collect()
}

/// Enables or disables the subscription to a peer, and records it.
pub(super) async fn set_enabled(
    pool: &Pool,
    peer: &str,
    enabled: bool,
    caller: &str,
) -> Result<Response, Failure> {
    let mut session = session::of(pool, caller).await?;
    let changed = change(&mut session, peer, enabled, caller).await;
    if !changed.map_err(|error| failure(&error))? {
        return Err(Failure::misuse(format!("this node has no subscription to a node \"{peer}\""))
            .with_hint("`steep-replctl sub status` lists the subscriptions"));
    }
    let done = if enabled { "enabled" } else { "disabled" };
    Ok(Response::Message { message: format!("the subscription to node {peer} is {done}") })
}

async fn change(
    client: &mut Client,
    peer: &str,
    enabled: bool,
    caller: &str,
) -> Result<bool, PgError> {
    let transaction = client.transaction().await?;
    if !subscriptions::set_enabled(transaction.client(), peer, enabled).await? {
        return Ok(false);
    }
    let action = if enabled { "subscription.enable" } else { "subscription.disable" };
    session::record(transaction.client(), action, ("node", peer), caller).await?;
    transaction.commit().await?;
    Ok(true)
}
