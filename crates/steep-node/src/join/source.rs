//! What a joining node waits for at its source.

use std::time::Duration;

use steep_pg::Connection;

use super::record::Record;
use super::subscriptions::Link;
use super::wait;
use crate::error::{NodeError, While};

/// A change may reach the WAL this much later than the moment its commit timestamp says: a backend
/// takes the time, then waits for its turn (`RecordTransactionCommit`, xact.c).
const COMMIT_MARGIN: &str = "2 seconds";

/// How long nothing may change before it is called stuck.
const PATIENCE: Duration = Duration::from_secs(120);

/// Until the source has applied, of every other member, what was written before that member's
/// slot, and something that was written well after the attempt began.
pub(super) async fn has_what_others_keep(
    source: &Connection,
    record: &Record,
    links: &[Link],
) -> Result<i64, NodeError> {
    let others: Vec<_> = links.iter().filter(|link| !link.prepared.slot_lsn.is_empty()).collect();
    let nodes: Vec<_> = others.iter().map(|link| link.node.clone()).collect();
    let slots: Vec<_> = others.iter().map(|link| link.prepared.slot_lsn.clone()).collect();
    wait::until("the source having what the others keep for this node", PATIENCE, || async {
        let missing = source
            .query(
                "select x.node, p.remote_lsn::text, h.beat_at::text
                 from unnest($1::text[], $2::text[]) as x (node, slot_lsn)
                 join steep_repl.joins j on j.join_id = $3
                 left join steep_repl.applied_positions p
                   on p.node_id = x.node and p.generation = j.generation
                 left join steep_repl.heartbeats h on h.node_id = x.node
                 where p.remote_lsn is null or p.remote_lsn < x.slot_lsn::pg_lsn
                   or h.beat_at is null or h.beat_at < j.horizon_at + $4::text::interval",
                &[&nodes, &slots, &record.join_id, &COMMIT_MARGIN],
            )
            .await
            .while_doing("asking the source how far it is")?;
        Ok(missing.first().map(|row| {
            let text = |place| row.get::<_, Option<String>>(place).unwrap_or("none".to_owned());
            format!("of node {}: applied up to {}, latest heartbeat {}", text(0), text(1), text(2))
        }))
    })
    .await?;
    let horizon = source
        .query_one(
            "select horizon_xid from steep_repl.joins where join_id = $1",
            &[&record.join_id],
        )
        .await
        .while_doing("asking the source when the attempt began")?;
    Ok(horizon.get(0))
}

/// Until this server's clock has passed the snapshot's newest write: what is written here later
/// must not look older than it.
pub(super) async fn is_past_on_this_clock(
    source: &Connection,
    own: &Connection,
) -> Result<(), NodeError> {
    // The snapshot's transaction began after the newest write it sees.
    let began = source
        .query_one("select now()::text", &[])
        .await
        .while_doing("asking the source for its time")?
        .get::<_, String>(0);
    wait::until("this server's clock passing the source's", PATIENCE, || async {
        let row = own
            .query_one(
                "select clock_timestamp() > $1::text::timestamptz, clock_timestamp()::text",
                &[&began],
            )
            .await
            .while_doing("asking this server for its time")?;
        let has_passed = row.get::<_, bool>(0);
        Ok((!has_passed)
            .then(|| format!("it is {} here, the copy is of {began}", row.get::<_, String>(1))))
    })
    .await
}
