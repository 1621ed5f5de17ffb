//! What joining comes to, for people.

use steep_ipc::{Plan, TableEntry};
use steep_proto::NodeDescription;

use super::checks::Findings;
use crate::words::counted;

pub(super) fn plan(own: &NodeDescription, source: &NodeDescription, findings: Findings) -> Plan {
    let others = match source.members.len().saturating_sub(1) {
        0 => "and it".to_owned(),
        others => format!("and {}, and they", counted(others as u64, "other")),
    };
    let tables = counted(source.tables.len() as u64, "table");
    Plan {
        done: false,
        steps: vec![
            format!("copy {tables} from node {}", source.node_id),
            format!("subscribe to node {} {others} to {}", source.node_id, own.node_name),
        ],
        refusals: findings.refusals,
        warnings: findings.warnings,
        tables: source
            .tables
            .iter()
            .map(|table| TableEntry {
                table: format!("{}.{}", table.table_schema, table.table_name),
                class: "replicated".to_owned(),
                reason: None,
                strategy: Some(table.strategy.clone()),
                detection: Some(table.detection.clone()),
                estimated_rows: table.estimated_rows.unwrap_or(-1),
                bytes: table.bytes.unwrap_or(-1),
                ids: None,
                ids_reason: None,
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use steep_proto::{Member, ReplicatedTable};

    #[test]
    fn numbers_go_with_their_words_and_tables_have_the_size_of_the_source() {
        let own = NodeDescription { node_name: "c".to_owned(), ..NodeDescription::default() };
        let steps = |members: usize| {
            let table = ReplicatedTable { bytes: Some(8192), ..ReplicatedTable::default() };
            let source = NodeDescription {
                node_id: "a".to_owned(),
                members: vec![Member::default(); members],
                tables: vec![table],
                ..NodeDescription::default()
            };
            let plan = plan(&own, &source, Findings::default());
            let table = &plan.tables[0];
            assert_eq!(
                (table.bytes, table.estimated_rows),
                (8192, -1),
                "an older daemon says nothing"
            );
            plan.steps
        };
        assert_eq!(steps(1), ["copy 1 table from node a", "subscribe to node a and it to c"]);
        assert_eq!(steps(2)[1], "subscribe to node a and 1 other, and they to c");
        assert_eq!(steps(3)[1], "subscribe to node a and 2 others, and they to c");
    }
}
