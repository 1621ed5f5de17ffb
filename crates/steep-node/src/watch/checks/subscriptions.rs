//! The links that bring the changes of peers.

use std::collections::BTreeMap;

use steep_ipc::{Check, Level};
use steep_pg::nodes::Node;
use steep_pg::subscriptions::{Found, Subscription};

use super::{check, with_hint};
use crate::links::{Finding, There};
use crate::watch::facts::NodeFacts;
use crate::watch::memory::Memory;
use crate::words::counted;

/// Nothing heard for so long, in seconds: heartbeats come every second or so.
const SILENT: f64 = 30.0;
/// Nothing heard for so long is more than a restart of the peer.
const GONE: f64 = 120.0;

pub(super) fn all<'a>(
    node: &'a NodeFacts,
    memory: &'a Memory,
    links: &'a BTreeMap<String, Finding>,
) -> impl Iterator<Item = Check> + use<'a> {
    node.subscriptions.iter().map(move |one| {
        let there = links.get(&one.peer).and_then(|found| found.there.as_ref());
        judge(one, node, memory, there)
    })
}

fn judge(
    subscription: &Subscription,
    node: &NodeFacts,
    memory: &Memory,
    there: Option<&There>,
) -> Check {
    let (name, peer) = (&subscription.name, &subscription.peer);
    let title = format!("subscription:{peer}");
    if node.is_parting_from(peer) {
        let parting = format!("the link to node {peer} is being taken down");
        return with_hint(
            check(title, Level::Warning, parting),
            "that is as it should be while `steep-replctl node remove` runs; if it has ended, say it \
             again",
        );
    }
    let Some(found) = &subscription.found else {
        let gone = check(title, Level::Critical, format!("subscription {name} does not exist"));
        return with_hint(gone, format!("remove node {peer} and let it join again"));
    };
    if !found.wrong_options.is_empty() {
        let wrong = found.wrong_options.join(", ");
        let altered = format!("subscription {name} was altered; it needs {wrong}");
        return with_hint(
            check(title, Level::Critical, altered),
            format!("alter subscription \"{name}\" set ({wrong})"),
        );
    }
    if !found.is_enabled {
        return with_hint(
            check(title, Level::Warning, format!("subscription {name} is disabled")),
            format!("`steep-replctl sub enable {peer}`; until then node {peer} keeps its WAL"),
        );
    }
    let flow = flow(title, found, subscription, node, memory);
    match there {
        Some(there) if flow.level > Level::Ok => explained(flow, peer, there),
        _ => flow,
    }
}

/// What the other end says of why nothing comes from there.
fn explained(flow: Check, peer: &str, there: &There) -> Check {
    let (message, way_out) = match there {
        // Seen from this machine, not by this server: it is added to what that says.
        There::Unreachable(reason) => {
            return Check { message: format!("{}; from here: {reason}", flow.message), ..flow };
        }
        There::NoPublication => (
            format!("node {peer} publishes nothing: its publication steep_repl does not exist"),
            format!("see the check publication on node {peer}: `steep-replctl health` there"),
        ),
        There::NoSlot => (
            format!("node {peer} keeps nothing for this node: it has no slot for it"),
            "remove this node and let a new database join".to_owned(),
        ),
        There::Blocked => (
            format!(
                "the publication of node {peer} did not exist for a while, and this node cannot read \
                 past that"
            ),
            format!("see the check publication on node {peer}: `steep-replctl health` there"),
        ),
    };
    with_hint(Check { level: Level::Critical, message, ..flow }, way_out)
}

/// Whether changes come and are applied.
fn flow(
    title: String,
    found: &Found,
    subscription: &Subscription,
    node: &NodeFacts,
    memory: &Memory,
) -> Check {
    let (name, peer) = (&subscription.name, &subscription.peer);
    if memory.failing_for(peer).is_some() {
        return failing(title, found, name, memory.error_text(peer));
    }
    let looks = memory.looks_without_worker(peer);
    if found.worker.is_none() || looks > 0 {
        // A worker that PostgreSQL starts again is away for a moment.
        let is_long = memory.is_without_worker_for_long(peer);
        let level = if is_long { Level::Critical } else { Level::Warning };
        let why = match found.worker {
            None => format!("subscription {name} has no apply worker"),
            Some(_) => format!("the apply worker of subscription {name} is not connected yet"),
        };
        return with_hint(
            check(title, level, format!("no changes of node {peer} arrive: {why}")),
            format!(
                "see whether this server reaches {}, and whether max_logical_replication_workers \
                 is used up: its log says which; node {peer} keeps its changes until then",
                server_of(peer, node)
            ),
        );
    }
    if memory.has_stopped(peer) {
        return with_hint(
            check(
                title,
                Level::Warning,
                format!(
                    "the apply worker of subscription {name} ended with an error, and runs again"
                ),
            ),
            format!("if that comes again, see the server's log, and whether node {peer} was away"),
        );
    }
    let age =
        node.heartbeats.iter().find(|beat| beat.node_id == *peer).map(|beat| beat.age_seconds);
    // Before it was enabled nothing could arrive: the newest heartbeat may be of another life of a
    // node that was removed.
    let silent = |age: f64| match memory.enabled_for(peer) {
        Some(enabled) => age.min(enabled.as_secs_f64()),
        None => age,
    };
    match age {
        Some(age) if silent(age) > SILENT => with_hint(
            check(
                title,
                if silent(age) > GONE { Level::Critical } else { Level::Warning },
                format!("nothing has arrived from node {peer} for {age:.0} s"),
            ),
            format!("see whether node {peer} runs and is not far behind"),
        ),
        _ => check(title, Level::Ok, format!("subscription {name} runs")),
    }
}

/// The server of a peer, and where it is.
fn server_of(peer: &str, node: &NodeFacts) -> String {
    match node.node(peer).map(Node::postgres) {
        Some(place) => format!("PostgreSQL of node {peer} ({place})"),
        None => format!("PostgreSQL of node {peer}"),
    }
}

fn failing(title: String, found: &Found, name: &str, text: Option<&str>) -> Check {
    let count = counted(found.apply_errors, "error");
    let message = match text {
        Some(text) => format!("subscription {name} cannot apply a change ({count}): {text}"),
        None => format!("subscription {name} cannot apply a change ({count})"),
    };
    with_hint(
        check(title, Level::Critical, message),
        "the server's log has the whole error; mend its cause, and the worker goes on by itself",
    )
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;
    use std::time::Duration;
    use steep_pg::subscriptions::LoggedError;

    fn look(facts: &crate::watch::Facts, memory: &mut Memory, second: u64) -> Check {
        memory.observe(Duration::from_secs(second), facts);
        let node = facts.node.as_ref().expect("the sample has a node");
        let links = BTreeMap::new();
        all(node, memory, &links).next().expect("the sample has a subscription")
    }

    #[test]
    fn what_the_other_end_says_is_told_while_nothing_comes() {
        let (mut facts, mut memory) = (samples::healthy(), Memory::default());
        let told = |facts: &crate::watch::Facts, memory: &Memory, there| {
            let found = Finding { there: Some(there), ..Finding::default() };
            let links = BTreeMap::from([("b".to_owned(), found)]);
            let node = facts.node.as_ref().expect("the sample has a node");
            all(node, memory, &links).next().expect("the sample has a subscription")
        };
        memory.observe(Duration::ZERO, &facts);
        assert_eq!(told(&facts, &memory, There::NoPublication).level, Level::Ok, "it comes again");
        samples::incoming(&mut facts).worker = None;
        memory.observe(Duration::from_secs(2), &facts);
        let lost = told(&facts, &memory, There::Unreachable("refused".into()));
        assert!(lost.message.ends_with("has no apply worker; from here: refused"), "{lost:?}");
        assert_eq!(lost.level, Level::Warning);
        for (there, words) in [
            (There::NoPublication, "publishes nothing"),
            (There::NoSlot, "has no slot"),
            (There::Blocked, "cannot read past that"),
        ] {
            let lost = told(&facts, &memory, there);
            assert!(lost.level == Level::Critical && lost.message.contains(words), "{lost:?}");
        }
        // That is the nearer cause.
        samples::incoming(&mut facts).is_enabled = false;
        assert!(told(&facts, &memory, There::NoSlot).message.ends_with("is disabled"));
    }

    #[test]
    fn a_worker_may_be_away_for_as_long_as_the_server_takes_to_start_it_again() {
        let (mut facts, mut memory) = (samples::healthy(), Memory::default());
        samples::incoming(&mut facts).worker = None;
        for (second, level) in [(0, Level::Warning), (5, Level::Warning), (6, Level::Critical)] {
            assert_eq!(look(&facts, &mut memory, second).level, level, "{second}");
        }
        samples::incoming(&mut facts).worker = Some(1);
        assert_eq!(look(&facts, &mut memory, 8).level, Level::Ok);
        samples::incoming(&mut facts).worker = None;
        // A server that starts it again at once; but one look may always be a moment.
        samples::node(&mut facts)
            .settings
            .insert("wal_retrieve_retry_interval".into(), "200".into());
        assert_eq!(look(&facts, &mut memory, 10).level, Level::Warning);
        assert_eq!(look(&facts, &mut memory, 12).level, Level::Critical);
    }

    #[test]
    fn a_link_that_is_taken_down_is_no_loss() {
        for (place, status) in [(0, "leaving"), (1, "leaving"), (1, "removed")] {
            let (mut facts, mut memory) = (samples::healthy(), Memory::default());
            samples::node(&mut facts).nodes[place].status = status.into();
            samples::node(&mut facts).subscriptions[0].found = None;
            let told = look(&facts, &mut memory, 0);
            assert_eq!(told.level, Level::Warning, "{}", told.message);
        }
    }

    #[test]
    fn heartbeats_from_before_a_subscription_was_enabled_are_no_silence() {
        let (mut facts, mut memory) = (samples::healthy(), Memory::default());
        let subscriptions = std::mem::take(&mut samples::node(&mut facts).subscriptions);
        memory.observe(Duration::ZERO, &facts);
        samples::node(&mut facts).subscriptions = subscriptions;
        samples::node(&mut facts).heartbeats[1].age_seconds = 86_400.0;
        assert_eq!(look(&facts, &mut memory, 2).level, Level::Ok);
        assert_eq!(look(&facts, &mut memory, 32).level, Level::Ok);
        assert_eq!(look(&facts, &mut memory, 33).level, Level::Warning);
        assert_eq!(look(&facts, &mut memory, 123).level, Level::Critical);
        samples::incoming(&mut facts).is_enabled = false;
        look(&facts, &mut memory, 125);
        samples::incoming(&mut facts).is_enabled = true;
        assert_eq!(look(&facts, &mut memory, 127).level, Level::Ok);
    }

    #[test]
    fn a_lost_connection_is_told_as_one() {
        let (mut facts, mut memory) = (samples::healthy(), Memory::default());
        look(&facts, &mut memory, 0);
        samples::incoming(&mut facts).apply_errors = 1;
        samples::incoming(&mut facts).worker = None;
        let told = look(&facts, &mut memory, 2);
        let message = "no changes of node b arrive: subscription steep_repl_b has no apply worker";
        assert_eq!(told.message, message);
        let hint = told.hint.unwrap_or_default();
        assert!(hint.contains("reaches PostgreSQL of node b (127.0.0.1:5432)"), "{hint}");
        samples::incoming(&mut facts).worker = Some(2);
        let told = look(&facts, &mut memory, 4);
        assert_eq!(told.level, Level::Warning);
        assert!(told.message.ends_with("ended with an error, and runs again"), "{}", told.message);
        assert_eq!(look(&facts, &mut memory, 17).level, Level::Ok);
    }

    #[test]
    fn a_change_that_cannot_be_applied_is_told_without_its_text_too() {
        let (mut facts, mut memory) = (samples::healthy(), Memory::default());
        for (second, errors) in [(0, 0), (2, 1), (4, 2)] {
            samples::incoming(&mut facts).apply_errors = errors;
            let told = look(&facts, &mut memory, second);
            assert_eq!(told.level == Level::Critical, errors == 2, "{}", told.message);
        }
    }

    #[test]
    fn an_apply_error_is_told_with_its_text() {
        let (mut facts, mut memory) = (samples::healthy(), Memory::default());
        look(&facts, &mut memory, 0);
        samples::incoming(&mut facts).apply_errors = 1;
        let error =
            LoggedError { text: "no such table".into(), table: None, place: ("log".into(), 0) };
        samples::node(&mut facts).logged_errors.insert("b".into(), error);
        let told = look(&facts, &mut memory, 2);
        assert_eq!(told.level, Level::Critical);
        assert!(told.message.ends_with("(1 error): no such table"), "{}", told.message);
    }

    #[test]
    fn what_somebody_did_to_a_subscription_is_told() {
        let level = |change: &dyn Fn(&mut crate::watch::Facts)| {
            let (mut facts, mut memory) = (samples::healthy(), Memory::default());
            change(&mut facts);
            look(&facts, &mut memory, 0).level
        };
        assert_eq!(level(&|facts| samples::incoming(facts).is_enabled = false), Level::Warning);
        assert_eq!(
            level(&|facts| samples::incoming(facts).wrong_options.push("origin = none".into())),
            Level::Critical
        );
        assert_eq!(
            level(&|facts| samples::node(facts).subscriptions[0].found = None),
            Level::Critical
        );
        assert_eq!(
            level(&|facts| samples::node(facts).heartbeats[1].age_seconds = 31.0),
            Level::Warning
        );
        assert_eq!(
            level(&|facts| samples::node(facts).heartbeats[1].age_seconds = 121.0),
            Level::Critical
        );
    }
}
