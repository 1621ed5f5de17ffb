//! Events, as the log has them.

use steep_ipc::{Check, Event, Level};
use steep_pg::publication::PublicationFault;

use crate::watch::checks::some_of;
use crate::watch::facts::Facts;
use crate::watch::memory::Memory;
use crate::watch::repair::Repair;

/// What lines are made of. They have the fields `node`, `peer` and `table` where there is one; several
/// tables are separated by commas.
///
/// What a server says of a change that it cannot apply may quote the row. The log has it at the level
/// `debug` only; whoever may ask for the status is told.
pub(super) struct Log<'a> {
    pub(super) node: Option<&'a str>,
    pub(super) checks: &'a [Check],
    pub(super) facts: Option<&'a Facts>,
    pub(super) memory: &'a Memory,
}

impl Log<'_> {
    pub(super) fn repaired(&self, repair: &Repair) {
        let (node, table, subject) = (self.node, repair.table(), &repair.target);
        tracing::info!(node, table, subject, kind = "repaired", "{}", repair.message);
    }

    pub(super) fn event(&self, event: &Event) {
        let (node, kind, subject) = (self.node, &event.kind, event.subject.as_str());
        let found = self.checks.iter().find(|check| check.name == subject);
        let trouble = found.filter(|check| kind == "check_changed" && check.level > Level::Ok);
        let peer = found.and_then(|_| Some(subject.split_once(':')?.1));
        let Some(check) = trouble else {
            tracing::info!(node, peer, subject, kind, "{}", event.message);
            return;
        };
        let tables = self.tables(subject);
        let (table, hint) = (tables.as_deref(), check.hint.as_deref());
        let words = peer.and_then(|peer| self.memory.error_text(peer));
        let said = without(&event.message, words);
        tracing::warn!(node, peer, table, check = subject, hint, "{said}");
        if let Some(error) = words {
            tracing::debug!(node, peer, table, error, "what the server's log says of it");
        }
    }

    /// The tables that a check which is not well is about.
    fn tables(&self, check: &str) -> Option<String> {
        let node = self.facts.and_then(|facts| facts.node.as_ref())?;
        let mut tables: Vec<&str> = match check {
            "guard" => node.trigger_faults.iter().map(|fault| fault.table.as_str()).collect(),
            "ranges" => node.range_faults.iter().map(|fault| fault.table.as_str()).collect(),
            "publication" => node.publication_faults.iter().filter_map(table_of).collect(),
            other => {
                let peer = other.strip_prefix("subscription:")?;
                self.memory.error_table(peer).into_iter().collect()
            }
        };
        // A table has several triggers.
        tables.dedup();
        let tables = tables.into_iter().map(str::to_owned);
        (tables.len() > 0).then(|| some_of(tables))
    }
}

fn table_of(fault: &PublicationFault) -> Option<&str> {
    match fault {
        PublicationFault::Lacks(table)
        | PublicationFault::Filtered(table)
        | PublicationFault::Unguarded(table) => Some(table),
        _ => None,
    }
}

fn without(message: &str, words: Option<&str>) -> String {
    match words.filter(|words| !words.is_empty()) {
        Some(words) => message.replace(words, "see the server's log"),
        None => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_has_said_is_left_out() {
        let told = "critical: it cannot apply a change (2 errors): no \"Alice\" here";
        let said = without(told, Some("no \"Alice\" here"));
        assert_eq!(said, "critical: it cannot apply a change (2 errors): see the server's log");
        assert_eq!(without(told, None), told);
    }
}
