//! Waiting until a node that has its rows has what was written meanwhile.

use std::time::Duration;

use steep_pg::Connection;

use super::wait;
use crate::error::{NodeError, While};
use crate::names;

/// A peer whose heartbeats are applied within this time counts as caught up with: twice the
/// interval and a moment.
const FRESH: f64 = 3.0;

/// How long nothing may change before it is called stuck.
const PATIENCE: Duration = Duration::from_secs(300);

/// Waits until the heartbeats of all peers arrive as they are made, and all peers read from here.
pub(super) async fn with_all(client: &Connection, peers: &[String]) -> Result<(), NodeError> {
    let slots: Vec<_> = peers.iter().map(|peer| names::of_node(peer)).collect();
    wait::until("catching up with the group", PATIENCE, || async {
        let late = client
            .query(
                "select p.node, h.beat_at::text
                 from unnest($1::text[]) as p (node)
                 left join steep_repl.heartbeats h on h.node_id = p.node
                 where h.beat_at is null
                   or extract(epoch from clock_timestamp() - h.beat_at)::double precision > $2",
                &[&peers, &FRESH],
            )
            .await
            .while_doing("looking how far this node is")?;
        if let Some(row) = late.first() {
            let (node, beat) = (row.get::<_, String>(0), row.get::<_, Option<String>>(1));
            let beat = beat.unwrap_or_else(|| "none".to_owned());
            return Ok(Some(format!("latest heartbeat of node {node}: {beat}")));
        }
        let idle = client
            .query(
                "select s.name from unnest($1::text[]) as s (name)
                 where not exists (select from pg_replication_slots r
                   where r.slot_name = s.name and r.active)",
                &[&slots],
            )
            .await
            .while_doing("looking who reads from this node")?;
        Ok(idle.first().map(|row| format!("nobody reads from slot {}", row.get::<_, String>(0))))
    })
    .await
}
