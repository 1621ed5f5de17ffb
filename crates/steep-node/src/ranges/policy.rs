//! Sizes and thresholds, as the configuration has them.

use std::collections::BTreeMap;

/// The section `identity_ranges` of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RangePolicy {
    /// Whether tables that begin to replicate get ranges.
    pub enabled: bool,
    /// Ids in an ordinary range.
    pub size: u64,
    /// How full a range is when the next one is asked for, in percent.
    pub threshold_percent: u8,
    /// By name, with or without its schema: whether the table gets ranges, and their size.
    pub tables: BTreeMap<String, (bool, Option<u64>)>,
}

/// What is wanted for one table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableRanges {
    /// Whether it gets ranges when it begins to replicate.
    pub enabled: bool,
    /// Ids in an ordinary range.
    pub size: i64,
    /// How full a range is when the next one is asked for, in percent.
    pub threshold_percent: i32,
}

impl RangePolicy {
    /// What the configuration says.
    #[must_use]
    pub fn new(ranges: &steep_config::IdentityRanges) -> Self {
        let tables = ranges.tables.iter();
        Self {
            enabled: ranges.enabled,
            size: ranges.default_range_size,
            threshold_percent: ranges.threshold_percent,
            tables: tables
                .map(|(name, table)| (name.clone(), (table.enabled, table.range_size)))
                .collect(),
        }
    }

    /// What is wanted for a table.
    #[must_use]
    pub fn of(&self, schema: &str, table: &str) -> TableRanges {
        let qualified = format!("{schema}.{table}");
        let named = self.tables.get(&qualified).or_else(|| self.tables.get(table));
        let (enabled, size) = named.copied().unwrap_or((true, None));
        TableRanges {
            enabled: self.enabled && enabled,
            size: i64::try_from(size.unwrap_or(self.size)).unwrap_or(i64::MAX),
            threshold_percent: self.threshold_percent.into(),
        }
    }
}

impl Default for RangePolicy {
    /// What an empty configuration says.
    fn default() -> Self {
        Self { enabled: true, size: 10_000, threshold_percent: 80, tables: BTreeMap::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_may_be_named_with_or_without_its_schema() {
        let policy = RangePolicy {
            tables: [
                ("orders".to_owned(), (true, Some(500))),
                ("sales.orders".to_owned(), (false, None)),
            ]
            .into(),
            ..RangePolicy::default()
        };
        assert_eq!(policy.of("public", "orders").size, 500);
        assert!(policy.of("public", "orders").enabled);
        assert!(!policy.of("sales", "orders").enabled);
        assert_eq!(policy.of("public", "stock").size, 10_000);
    }

    #[test]
    fn switched_off_is_off_for_every_table() {
        let tables = [("orders".to_owned(), (true, None))].into();
        let policy = RangePolicy { enabled: false, tables, ..RangePolicy::default() };
        assert!(!policy.of("public", "orders").enabled);
    }
}
