//! Waiting until a node that has its rows has what was written meanwhile.

use std::time::Duration;

use steep_pg::Connection;

use super::progress::Meter;
use super::wait;
use crate::error::{NodeError, While};
use crate::names;

/// How long nothing may change before it is called stuck.
const PATIENCE: Duration = Duration::from_secs(300);

/// The first of the peers whose changes are not here yet.
///
/// A peer's heartbeat and the message that came from it last have times of the same clock, the peer's:
/// what lies between them is how far this node is behind, however the clocks of the two nodes differ.
/// When that message came is this node's clock, as is the time now. Twice the interval of heartbeats and
/// a moment are no lag.
const LATE: &str = "
  select p.node, coalesce(h.beat_at::text, 'none'), coalesce(s.last_msg_send_time::text, 'none')
  from unnest($1::text[], $2::text[]) as p (node, subscription)
  cross join lateral (
    select 2 * current_setting('steep_repl.heartbeat_interval')::interval + interval '1 second') f (fresh)
  left join steep_repl.heartbeats h on h.node_id = p.node
  left join pg_stat_subscription s on s.subname = p.subscription and s.relid is null
    and s.leader_pid is null and s.pid is not null
  where (s.last_msg_send_time - h.beat_at < f.fresh
    and clock_timestamp() - s.last_msg_receipt_time < f.fresh) is not true
  limit 1";

/// Waits until the heartbeats of all peers arrive as they are made, and all peers read from here. Says
/// what it waits for.
pub(super) async fn with_all(
    client: &Connection,
    peers: &[String],
    meter: &Meter,
) -> Result<(), NodeError> {
    let slots: Vec<_> = peers.iter().map(|peer| names::of_node(peer)).collect();
    wait::until("catching up with the group", PATIENCE, || async {
        let missing = missing(client, peers, &slots).await?;
        if let Some(missing) = &missing {
            meter.detail(&format!("catching up: {missing}"));
        }
        Ok(missing)
    })
    .await
}

async fn missing(
    client: &Connection,
    peers: &[String],
    slots: &[String],
) -> Result<Option<String>, NodeError> {
    let late = client
        .query_opt(LATE, &[&peers, &slots])
        .await
        .while_doing("looking how far this node is")?;
    if let Some(row) = late {
        let text = |place| row.get::<_, String>(place);
        return Ok(Some(format!(
            "latest heartbeat of node {}: {}, its time when it sent something last: {}",
            text(0),
            text(1),
            text(2)
        )));
    }
    let idle = client
        .query_opt(
            "select s.name from unnest($1::text[]) as s (name)
             where not exists (select from pg_replication_slots r
               where r.slot_name = s.name and r.active) limit 1",
            &[&slots],
        )
        .await
        .while_doing("looking who reads from this node")?;
    Ok(idle.map(|row| format!("nobody reads from slot {}", row.get::<_, String>(0))))
}
