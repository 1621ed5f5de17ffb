//! The guard's triggers and the publication.

use steep_ipc::{Check, Level};
use steep_pg::publication::PublicationFault;
use steep_pg::tables::{Fault, TriggerFault};

use super::{check, some_of, with_hint};
use crate::watch::facts::NodeFacts;
use crate::words::counted;

pub(super) fn triggers(node: &NodeFacts) -> Check {
    if node.trigger_faults.is_empty() {
        let tables = counted(node.replicated_tables, "table");
        return check("guard", Level::Ok, format!("{tables} under guard"));
    }
    with_hint(
        check("guard", Level::Critical, some_of(node.trigger_faults.iter().map(told))),
        "take the table out of replication and put it back when its rows are the same on all nodes",
    )
}

fn told(fault: &TriggerFault) -> String {
    let what = match fault.fault {
        Fault::Missing => "is missing",
        Fault::WrongMode => "does not fire when it has to",
        Fault::Foreign => "calls another function",
        _ => "is not as it was made",
    };
    format!("trigger {} on {} {what}", fault.trigger, fault.table)
}

pub(super) fn publication(node: &NodeFacts) -> Check {
    if node.publication_faults.is_empty() {
        return check("publication", Level::Ok, "the publication holds what is under guard");
    }
    let is_harmless = |fault: &PublicationFault| matches!(fault, PublicationFault::Unguarded(_));
    let level = if node.publication_faults.iter().all(is_harmless) {
        Level::Warning
    } else {
        Level::Critical
    };
    let told = node.publication_faults.iter().map(|fault| match fault {
        PublicationFault::Missing => "publication steep_repl does not exist".to_owned(),
        PublicationFault::Options => "publication steep_repl has other options".to_owned(),
        PublicationFault::Lacks(table) => format!("{table} is not published"),
        PublicationFault::Filtered(table) => format!("{table} is published in part only"),
        PublicationFault::Unguarded(table) => format!("{table} is published without guard"),
        _ => "publication steep_repl was altered".to_owned(),
    });
    with_hint(
        check("publication", level, some_of(told)),
        "changes made meanwhile reached no other node: take the table out of replication, make its \
         rows the same on all nodes, and put it back",
    )
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    #[test]
    fn a_disabled_trigger_is_told_by_name() {
        let mut facts = samples::healthy();
        let node = samples::node(&mut facts);
        node.trigger_faults.push(samples::disabled_trigger());
        let told = triggers(node);
        assert_eq!(told.level, Level::Critical);
        assert_eq!(
            told.message,
            "trigger steep_repl_guard on public.t does not fire when it has to"
        );
    }

    #[test]
    fn what_is_lost_is_critical_and_what_is_published_too_much_is_not() {
        let mut facts = samples::healthy();
        let node = samples::node(&mut facts);
        node.publication_faults = vec![PublicationFault::Unguarded("public.x".into())];
        assert_eq!(publication(node).level, Level::Warning);
        node.publication_faults.push(PublicationFault::Lacks("public.t".into()));
        let told = publication(node);
        assert_eq!(told.level, Level::Critical);
        assert_eq!(told.message, "public.x is published without guard, public.t is not published");
    }
}
