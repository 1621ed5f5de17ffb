//! The daemons of peers, and their clocks.

use steep_ipc::{Check, Level};

use super::{Inputs, check, threshold, with_hint};
use crate::watch::facts::NodeFacts;
use crate::watch::peers::PeerHealth;
use crate::words::counted;

pub(super) fn all(node: &NodeFacts, inputs: &Inputs<'_>) -> Vec<Check> {
    let known = node
        .peers()
        .into_iter()
        .filter_map(|peer| Some((peer.node_id.as_str(), inputs.peers.get(&peer.node_id)?)));
    known
        .flat_map(|(id, health)| {
            // Of one that joins `join:…` tells.
            let is_joining = node.joining.iter().any(|joining| joining.node_id == id);
            let daemon = (!is_joining).then(|| daemon(id, health, inputs.limits.peer_threshold));
            [daemon, clock(id, health, node, inputs)].into_iter().flatten()
        })
        .collect()
}

fn daemon(id: &str, health: &PeerHealth, threshold: u32) -> Check {
    let title = format!("peer:{id}");
    if health.failures >= threshold {
        let error = health.error.as_ref();
        let why = error.map_or("it does not answer", |error| error.reason.as_str());
        let way_out = error.and_then(|error| error.hint.clone());
        let way_out =
            way_out.unwrap_or_else(|| format!("see whether steep-repl runs on node {id}"));
        return with_hint(
            check(title, Level::Warning, format!("no word from the daemon of node {id}: {why}")),
            format!("{way_out}; replication goes on without it"),
        );
    }
    match &health.answer {
        Some(answer) if health.failures == 0 && !answer.postgres_reachable => with_hint(
            check(
                title,
                Level::Warning,
                format!("the daemon of node {id} cannot reach its PostgreSQL"),
            ),
            format!("start PostgreSQL of node {id}; `steep-replctl health` there says more"),
        ),
        _ if health.failures > 0 => check(
            title,
            Level::Ok,
            format!(
                "the daemon of node {id} has not answered {}",
                counted(health.failures.into(), "time")
            ),
        ),
        _ => check(title, Level::Ok, format!("the daemon of node {id} answers")),
    }
}

fn clock(id: &str, health: &PeerHealth, node: &NodeFacts, inputs: &Inputs<'_>) -> Option<Check> {
    let offset = health.clock_offset_ms?;
    let allowed = u64::try_from(node.number("steep_repl.max_clock_skew")?).ok()?;
    let title = format!("clock:{id}");
    // As much as is certain: the round trip hides the rest.
    let certain = offset.unsigned_abs().saturating_sub(health.clock_error_ms.unsigned_abs());
    let before = inputs.memory.level(&title);
    let level = threshold::level(certain, allowed / 2, allowed, before);
    let side = if offset < 0 { "behind" } else { "ahead of" };
    let message = format!(
        "the clock of node {id} is {} ms {side} this one; allowed: {allowed} ms",
        offset.unsigned_abs()
    );
    let told = check(title, level, message);
    Some(if level == Level::Ok {
        told
    } else {
        with_hint(told, "set both clocks by NTP; beyond the limit apply workers stop with an error")
    })
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;
    use crate::watch::peers::NoAnswer;
    use std::collections::BTreeMap;

    fn levels(health: PeerHealth) -> Vec<(String, Level)> {
        let facts = samples::healthy();
        let peers = BTreeMap::from([("b".to_owned(), health)]);
        let checks = samples::judged_with(&facts, &peers);
        let about_peers =
            |one: &Check| one.name.starts_with("peer:") || one.name.starts_with("clock:");
        checks.into_iter().filter(about_peers).map(|one| (one.name, one.level)).collect()
    }

    #[test]
    fn a_peer_has_to_miss_several_questions() {
        let failing = |failures| PeerHealth { failures, ..PeerHealth::default() };
        assert_eq!(levels(failing(2)), [("peer:b".to_owned(), Level::Ok)]);
        assert_eq!(levels(failing(3)), [("peer:b".to_owned(), Level::Warning)]);
    }

    #[test]
    fn why_there_is_no_answer_is_told_with_the_way_out_of_that() {
        let error = NoAnswer { reason: "refused".into(), hint: Some("mend it".into()) };
        let health = PeerHealth { failures: 3, error: Some(error), ..PeerHealth::default() };
        let told = daemon("b", &health, 3);
        assert_eq!(told.message, "no word from the daemon of node b: refused");
        assert_eq!(told.hint.as_deref(), Some("mend it; replication goes on without it"));
        let told = daemon("b", &PeerHealth { error: None, ..health }, 3);
        assert!(told.hint.is_some_and(|hint| hint.contains("runs on node b")));
    }

    #[test]
    fn a_clock_is_judged_by_what_is_certain() {
        let off = |offset, error| {
            levels(PeerHealth {
                clock_offset_ms: Some(offset),
                clock_error_ms: error,
                is_reachable: true,
                ..PeerHealth::default()
            })[1]
                .1
        };
        // The sample allows 500 ms.
        assert_eq!(off(200, 1), Level::Ok);
        assert_eq!(off(-300, 1), Level::Warning);
        assert_eq!(off(-600, 1), Level::Critical);
        assert_eq!(off(600, 400), Level::Ok);
    }
}
