//! What joining comes to, for people.

use steep_ipc::{Plan, TableEntry};
use steep_proto::NodeDescription;

use super::checks::Findings;

pub(super) fn plan(own: &NodeDescription, source: &NodeDescription, findings: Findings) -> Plan {
    let others = source.members.len().saturating_sub(1);
    Plan {
        done: false,
        steps: vec![
            format!("copy {} tables from node {}", source.tables.len(), source.node_id),
            format!(
                "subscribe to node {} and {others} others, and they to {}",
                source.node_id, own.node_name
            ),
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
                estimated_rows: 0,
                bytes: 0,
            })
            .collect(),
    }
}
