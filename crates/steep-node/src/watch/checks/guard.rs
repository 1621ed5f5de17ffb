//! The guard's triggers.

use steep_ipc::{Check, Level};
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
}
