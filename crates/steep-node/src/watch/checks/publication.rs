//! The publication: each of its faults has a way out of its own.

use std::collections::BTreeMap;

use steep_ipc::{Check, Level};
use steep_pg::publication::PublicationFault;

use super::{check, some_of, with_hint};
use crate::links::Finding;
use crate::names::of_node as slot_of;
use crate::watch::facts::{Facts, NodeFacts};

/// From here on pgoutput leaves out a publication that does not exist, instead of failing.
const LEAVES_OUT: i32 = 180_000;

pub(super) fn publication(
    facts: &Facts,
    node: &NodeFacts,
    links: &BTreeMap<String, Finding>,
) -> Check {
    let is_blocked = |(peer, found): (&String, &Finding)| found.is_blocked.then(|| peer.clone());
    let blocked: Vec<String> = links.iter().filter_map(is_blocked).collect();
    if node.publication_faults.is_empty() && blocked.is_empty() {
        return check("publication", Level::Ok, "the publication holds what is under guard");
    }
    let is_harmless = |fault: &PublicationFault| matches!(fault, PublicationFault::Unguarded(_));
    let level = if blocked.is_empty() && node.publication_faults.iter().all(is_harmless) {
        Level::Warning
    } else {
        Level::Critical
    };
    let mut told: Vec<String> = node.publication_faults.iter().map(message).collect();
    let mut ways_out: Vec<String> = Vec::new();
    for fault in &node.publication_faults {
        let way_out = way_out(fault, facts.server.version_num);
        if !ways_out.contains(&way_out) {
            ways_out.push(way_out);
        }
    }
    if !blocked.is_empty() {
        let peers = some_of(blocked.iter().cloned());
        told.push(format!(
            "publication steep_repl did not exist for a while, and these nodes cannot read past that: \
             {peers}"
        ));
        ways_out.push(unblock(&blocked));
    }
    let message = some_of(told.into_iter());
    with_hint(check("publication", level, message), some_of(ways_out.into_iter()))
}

fn message(fault: &PublicationFault) -> String {
    match fault {
        PublicationFault::Missing => {
            "publication steep_repl does not exist: no change of this node reaches another"
                .to_owned()
        }
        PublicationFault::Options => "publication steep_repl has other options".to_owned(),
        PublicationFault::Lacks(table) => format!("{table} is not published"),
        PublicationFault::Filtered(table) => format!("{table} is published in part only"),
        PublicationFault::Unguarded(table) => format!("{table} is published without guard"),
        _ => "publication steep_repl was altered".to_owned(),
    }
}

fn way_out(fault: &PublicationFault, version: i32) -> String {
    match fault {
        PublicationFault::Missing if version < LEAVES_OUT => format!(
            "let nobody write, {ANEW}; then the other nodes cannot read past the time without it, \
             and this check says what to do"
        ),
        PublicationFault::Missing => format!("let nobody write, {ANEW}"),
        PublicationFault::Options => "alter publication steep_repl set (publish = 'insert, update, \
             delete', publish_via_partition_root = true); changes of a kind that was left out reached \
             no other node: make the rows the same on all nodes"
            .to_owned(),
        // The extension's own: heartbeats and decisions are sent again and again.
        PublicationFault::Lacks(table) | PublicationFault::Filtered(table)
            if table.starts_with("steep_repl.") =>
        {
            format!(
                "alter publication steep_repl drop table {table} if it is there, then alter \
                 publication steep_repl add table {table}"
            )
        }
        PublicationFault::Lacks(table) | PublicationFault::Filtered(table) => format!(
            "changes of {table} made meanwhile reached no other node: `steep-replctl table remove \
             {table}`, make its rows the same on all nodes, `steep-replctl table add {table}`"
        ),
        PublicationFault::Unguarded(table) => {
            format!("alter publication steep_repl drop table {table}")
        }
        _ => "see docs/guide/when-something-is-wrong.md".to_owned(),
    }
}

/// How a publication that is gone is made again.
const ANEW: &str = "take every table out of replication, make the rows the same on all nodes, and put \
                    the tables back: the first `steep-replctl table add` makes the publication again";

/// What lets peers read on. It costs what they had not read by then.
fn unblock(peers: &[String]) -> String {
    let slots: Vec<_> = peers.iter().map(|peer| format!("'{}'", slot_of(peer))).collect();
    format!(
        "while nobody writes: `steep-replctl sub disable` for this node on each of them; here select \
         pg_replication_slot_advance(slot_name, pg_current_wal_lsn()) from pg_replication_slots where \
         slot_name in ({}); `sub enable`. What they had not read is skipped: make the rows the same on \
         all nodes",
        slots.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    fn judged(version: i32, faults: Vec<PublicationFault>, blocked: &[&str]) -> Check {
        let mut facts = samples::healthy();
        facts.server.version_num = version;
        samples::node(&mut facts).publication_faults = faults;
        let found = Finding { is_blocked: true, ..Finding::default() };
        let links = blocked.iter().map(|&peer| (peer.to_owned(), found.clone())).collect();
        publication(&facts, facts.node.as_ref().expect("the sample has a node"), &links)
    }

    #[test]
    fn what_is_lost_is_critical_and_what_is_published_too_much_is_not() {
        use PublicationFault::{Lacks, Unguarded};
        let too_much = Unguarded("public.x".into());
        let told = judged(180_000, vec![too_much.clone()], &[]);
        assert_eq!(told.level, Level::Warning);
        let drop = "alter publication steep_repl drop table public.x";
        assert_eq!(told.hint.as_deref(), Some(drop));
        let told = judged(180_000, vec![too_much, Lacks("public.t".into())], &[]);
        assert_eq!(told.level, Level::Critical);
        assert_eq!(told.message, "public.x is published without guard, public.t is not published");
        assert!(told.hint.is_some_and(|hint| hint.contains("table remove public.t")));
    }

    #[test]
    fn each_fault_has_a_way_out_of_its_own() {
        use PublicationFault::{Filtered, Lacks, Missing, Options};
        let hint = |version, fault| judged(version, vec![fault], &[]).hint.unwrap_or_default();
        assert!(hint(180_000, Options).starts_with("alter publication steep_repl set (publish ="));
        assert!(hint(180_000, Missing).contains("makes the publication again"));
        assert!(!hint(180_000, Missing).contains("cannot read past"));
        assert!(hint(170_000, Missing).contains("cannot read past"));
        assert!(hint(180_000, Filtered("public.t".into())).contains("table remove public.t"));
        let own = hint(180_000, Lacks("steep_repl.heartbeats".into()));
        assert!(own.ends_with("add table steep_repl.heartbeats"), "{own}");
    }

    #[test]
    fn peers_that_cannot_read_on_are_told_with_what_lets_them() {
        let told = judged(170_000, Vec::new(), &["b", "c"]);
        assert_eq!(told.level, Level::Critical);
        assert!(told.message.ends_with("cannot read past that: b, c"), "{}", told.message);
        let hint = told.hint.unwrap_or_default();
        assert!(hint.contains("slot_name in ('steep_repl_b', 'steep_repl_c')"), "{hint}");
        assert!(hint.contains("What they had not read is skipped"), "{hint}");
    }
}
