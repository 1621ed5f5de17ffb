//! What the keeper has seen: for checks, metrics and commands.

use std::time::Duration;

use steep_ranges::{Outlook, Rate, Stock};

/// All tables of this node whose ids are kept apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reports {
    /// By name.
    pub tables: Vec<TableReport>,
    /// Whose new sessions may write any id, for people.
    pub bypasses: Vec<String>,
}

/// One table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableReport {
    /// As people write it.
    pub table: String,
    /// What this node has left.
    pub stock: Stock,
    /// How fast this node draws.
    pub rate: Rate,
    /// How long what it has left lasts; nothing if none are drawn.
    pub lasts: Option<Duration>,
    /// What all nodes have left together, and how long that lasts.
    pub outlook: Outlook,
    /// Ranges that were granted to this node since its daemon runs, on the daemon's request.
    pub grants: u64,
    /// After a restore: who has not told yet what it knows of this node's past.
    pub unheard: Vec<String>,
    /// Why no further range was to be had, the last time.
    pub trouble: Option<String>,
}

impl Reports {
    /// What is known of a table.
    #[must_use]
    pub fn of(&self, table: &str) -> Option<&TableReport> {
        self.tables.iter().find(|report| report.table == table)
    }
}
