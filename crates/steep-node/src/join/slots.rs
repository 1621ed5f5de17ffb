//! The slots that the members keep WAL in for a node that joins.

use super::subscriptions::Link;
use crate::error::{NodeError, While, refused};
use crate::member::Member;

/// Requires that each of them still has everything since it was made. A server that has given one up
/// says so to nobody, and the node would wait for its changes for ever.
///
/// A member that cannot be reached only delays a join, so it is not asked: what comes from there is waited
/// for, and said to be.
pub(super) async fn are_kept(own: &Member, links: &[Link]) -> Result<(), NodeError> {
    for link in links {
        let (node, slot) = (&link.node, &link.prepared.slot_name);
        let state = match look(own, link).await {
            Ok(state) => state,
            Err(error) => {
                let (own, error) = (&own.endpoint().node, error.for_log());
                tracing::info!(node = own, peer = node, error, "its slot is not looked at");
                continue;
            }
        };
        match state {
            Slot::Kept => {}
            Slot::Lost { reason } => return Err(lost(node, slot, reason.as_deref())),
            Slot::Gone => {
                return refused(
                    format!("slot {slot} on node {node} is gone: somebody dropped it"),
                    "join again",
                );
            }
        }
    }
    Ok(())
}

/// What has become of a slot.
enum Slot {
    Kept,
    /// PostgreSQL 16 does not say why.
    Lost {
        reason: Option<String>,
    },
    Gone,
}

async fn look(own: &Member, Link { node, prepared }: &Link) -> Result<Slot, NodeError> {
    let Some(credentials) = &prepared.credentials else { return Ok(Slot::Kept) };
    let slot = &prepared.slot_name;
    let server = own.way_to(node, credentials)?.server()?;
    let client = server.connect().await.while_doing(format!("connecting to node {node}"))?;
    let found = client
        .query_opt(
            "select s.wal_status = 'lost', to_jsonb(s) ->> 'invalidation_reason'
             from pg_replication_slots s where s.slot_name = $1",
            &[slot],
        )
        .await
        .while_doing(format!("looking at slot {slot} on node {node}"))?;
    Ok(match found {
        None => Slot::Gone,
        Some(row) if row.get::<_, Option<bool>>(0) == Some(true) => {
            Slot::Lost { reason: row.get(1) }
        }
        Some(_) => Slot::Kept,
    })
}

fn lost(node: &str, slot: &str, reason: Option<&str>) -> NodeError {
    let message = format!("slot {slot} on node {node} was lost while this node copied rows");
    let (limit, what) = match reason {
        None | Some("wal_removed") => ("max_slot_wal_keep_size", "keeps too little WAL"),
        Some("idle_timeout") => ("idle_replication_slot_timeout", "is too short"),
        Some(other) => {
            let hint = format!("see the log of the server of node {node}, and join again");
            return NodeError::Refused { message: format!("{message}: {other}"), hint };
        }
    };
    NodeError::Refused {
        message: format!("{message}: {limit} there {what}"),
        hint: format!("raise {limit} on node {node} until this node is online, and join again"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_that_is_lost_is_named_with_the_setting_and_the_way_out() {
        let told = |reason| {
            let error = lost("b", "steep_repl_c", reason);
            format!("{error}; {}", error.hint().unwrap_or_default())
        };
        for (reason, limit) in [
            (None, "max_slot_wal_keep_size"),
            (Some("wal_removed"), "max_slot_wal_keep_size"),
            (Some("idle_timeout"), "idle_replication_slot_timeout"),
        ] {
            let text = told(reason);
            assert!(text.starts_with("slot steep_repl_c on node b was lost"), "{text}");
            assert!(text.contains(&format!("raise {limit} on node b")), "{text}");
        }
        assert!(told(Some("wal_level_insufficient")).contains("wal_level_insufficient"));
    }
}
