use crate::reader::Section;
use std::collections::BTreeMap;

/// Ranges of generated keys.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct IdentityRanges {
    /// Whether there are any.
    pub enabled: bool,
    /// Keys in one range.
    pub default_range_size: u64,
    /// How full a range is when the next one is asked for, in percent.
    pub threshold_percent: u8,
    /// By table.
    pub tables: BTreeMap<String, TableRange>,
}

/// Ranges of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableRange {
    /// Whether it has any.
    pub enabled: bool,
    /// Keys in one range; none: `default_range_size`.
    pub range_size: Option<u64>,
}

/// The most keys that a range can have: all of a `bigint`.
const MOST: u64 = i64::MAX as u64;

impl IdentityRanges {
    pub(crate) fn read(section: &Section<'_>) -> Self {
        let tables = |(name, table): (String, Section<'_>)| {
            let enabled = table.value("enabled", true);
            (
                name,
                TableRange { enabled, range_size: table.optional_within("range_size", 1..=MOST) },
            )
        };
        Self {
            enabled: section.value("enabled", true),
            default_range_size: section.within("default_range_size", 10_000, 1..=MOST),
            threshold_percent: section.within("threshold_percent", 80, 1..=99),
            tables: section.named("tables").into_iter().map(tables).collect(),
        }
    }
}
