use crate::reader::Section;
use std::collections::BTreeMap;
use steep_conflict::Strategy;
use steep_types::NodeId;

/// How conflicts are resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Conflicts {
    /// For tables that are not in `tables`.
    pub default_strategy: Strategy,
    /// By table: `table` or `schema.table`.
    pub tables: BTreeMap<String, TableConflicts>,
}

/// How the conflicts of one table are resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableConflicts {
    /// Which write stays.
    pub strategy: Strategy,
    /// For `node_priority`: nodes, first wins. Empty: by their priorities.
    pub priority: Vec<NodeId>,
}

impl Conflicts {
    pub(crate) fn read(section: &Section<'_>) -> Self {
        let default_strategy = section.value("default_strategy", Strategy::default());
        let tables = section.named("tables").into_iter().map(|(name, table)| {
            let read = TableConflicts::read(&table, default_strategy);
            (name, read)
        });
        Self { default_strategy, tables: tables.collect() }
    }
}

impl TableConflicts {
    fn read(section: &Section<'_>, default: Strategy) -> Self {
        let strategy = section.value("strategy", default);
        let priority: Vec<NodeId> = section.list("priority", &[]);
        if !priority.is_empty() && strategy != Strategy::NodePriority {
            section.reject(
                "priority",
                format_args!("the strategy {} knows no order of nodes", strategy.name()),
                Some("use strategy node_priority, or leave out priority"),
            );
        }
        for (index, node) in priority.iter().enumerate() {
            if priority[..index].contains(node) {
                section.reject("priority", format_args!("node \"{node}\" is in it twice"), None);
            }
        }
        Self { strategy, priority }
    }
}
