//! What happened in a demo.

use std::fmt::Write as _;

use anyhow::{Result, bail};
use serde::Serialize;
use steep_testkit::PgCluster;

use crate::daemons::Daemon;

/// What happened.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    transactions: u64,
    nodes: Vec<NodeReport>,
}

#[derive(Debug, Serialize)]
struct NodeReport {
    node: String,
    items: String,
    purchases: String,
    /// Digest of all rows of both tables.
    checksum: String,
    /// Conflicts by type and outcome.
    conflicts: Vec<(String, String, String)>,
    /// The worst lag of a link, in seconds.
    lag_seconds: Option<f64>,
    health: String,
}

const CHECKSUM: &str = "select md5(string_agg(row, '|' order by row)) from (
    select 'item' || t::text from item t union all select 'purchase' || t::text from purchase t) as r (row)";

const CONFLICTS: &str = "select conflict_type, coalesce(resolution, ''), count(*)::text
    from steep_repl.conflict_log group by 1, 2 order by 1, 2";

impl Report {
    pub(super) fn gather(
        nodes: &[PgCluster],
        daemons: &[Daemon],
        third: &Daemon,
        database: &str,
        transactions: u64,
    ) -> Result<Self> {
        let mut reports = Vec::new();
        for (node, daemon) in nodes.iter().zip(daemons.iter().chain([third])) {
            let status: serde_json::Value =
                serde_json::from_str(&daemon.must(&["status", "--json"])?)?;
            let lags = status["peers"].as_array().into_iter().flatten();
            let lag = lags.filter_map(|peer| peer["incoming"]["lag_seconds"].as_f64());
            reports.push(NodeReport {
                node: node.name().to_owned(),
                items: node.value(database, "select count(*) from item")?,
                purchases: node.value(database, "select count(*) from purchase")?,
                checksum: node.value(database, CHECKSUM)?,
                conflicts: node
                    .query(database, CONFLICTS)?
                    .into_iter()
                    .map(|row| {
                        let mut texts = row.into_iter().map(Option::unwrap_or_default);
                        let mut next = || texts.next().unwrap_or_default();
                        (next(), next(), next())
                    })
                    .collect(),
                lag_seconds: lag.reduce(f64::max),
                health: status["health"]["status"].as_str().unwrap_or("unknown").to_owned(),
            });
        }
        let report = Self { transactions, nodes: reports };
        let first = &report.nodes[0].checksum;
        if report.nodes.iter().any(|node| node.checksum != *first) {
            bail!("the nodes differ:\n{}", report.text());
        }
        Ok(report)
    }

    pub(super) fn json(&self) -> Result<String> {
        Ok(serde_json::to_string_pretty(self)?)
    }

    pub(super) fn text(&self) -> String {
        let mut text = format!(
            "{} transactions were written to a and b at once; c joined meanwhile.\n\n\
             node  items  purchases  lag      health    checksum of all rows\n",
            self.transactions
        );
        for node in &self.nodes {
            let lag = node.lag_seconds.map_or("-".to_owned(), |lag| format!("{lag:.1} s"));
            let _ = writeln!(
                text,
                "{:<5} {:>5}  {:>9}  {lag:<7}  {:<8}  {}",
                node.node, node.items, node.purchases, node.health, node.checksum
            );
        }
        text.push_str("\nconflicts, by the node that met them, type and outcome:\n");
        for node in &self.nodes {
            for (kind, outcome, count) in &node.conflicts {
                let _ = writeln!(text, "{:<5} {kind:<14} {outcome:<22} {count:>6}", node.node);
            }
            if node.conflicts.is_empty() {
                let _ = writeln!(text, "{:<5} none", node.node);
            }
        }
        let _ = write!(text, "\nAll nodes hold the same rows.");
        text
    }
}
