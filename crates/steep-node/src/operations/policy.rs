//! How conflicts of a table are decided, as the configuration says.

use std::collections::BTreeMap;

use crate::group::Policy;

/// The strategies of the configuration's section `conflicts`.
#[derive(Debug, Clone)]
pub struct ConfiguredPolicy {
    /// Strategy of tables that are not named.
    pub default_strategy: String,
    /// By name, with or without its schema: strategy, and the order of nodes for `node_priority`.
    pub tables: BTreeMap<String, (String, Vec<String>)>,
}

impl ConfiguredPolicy {
    /// What the configuration says.
    #[must_use]
    pub fn new(conflicts: &steep_config::Conflicts) -> Self {
        let tables = conflicts.tables.iter().map(|(name, table)| {
            let order = table.priority.iter().map(ToString::to_string).collect();
            (name.clone(), (table.strategy.to_string(), order))
        });
        Self { default_strategy: conflicts.default_strategy.to_string(), tables: tables.collect() }
    }
}

impl Policy for ConfiguredPolicy {
    fn of(&self, table: &str) -> (String, Option<Vec<String>>) {
        let unqualified = table.rsplit('.').next().unwrap_or(table);
        match self.tables.get(table).or_else(|| self.tables.get(unqualified)) {
            Some((strategy, order)) => {
                (strategy.clone(), (!order.is_empty()).then(|| order.clone()))
            }
            None => (self.default_strategy.clone(), None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_may_be_named_with_or_without_its_schema() {
        let table = |strategy: &str| (strategy.to_owned(), vec!["b".to_owned()]);
        let policy = ConfiguredPolicy {
            default_strategy: "last_write_wins".to_owned(),
            tables: [
                ("orders".to_owned(), table("node_priority")),
                ("sales.orders".to_owned(), ("manual".to_owned(), Vec::new())),
            ]
            .into(),
        };
        assert_eq!(policy.of("sales.orders"), ("manual".to_owned(), None));
        assert_eq!(
            policy.of("public.orders"),
            ("node_priority".to_owned(), Some(vec!["b".to_owned()]))
        );
        assert_eq!(policy.of("public.stock"), ("last_write_wins".to_owned(), None));
    }
}
