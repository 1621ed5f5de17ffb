//! The ids of tables that are drawn from identity ranges.

use std::time::Duration;

use steep_ipc::{Check, Level};
use steep_ranges::Alert;

use super::{check, some_of, with_hint};
use crate::ranges::{Reports, TableReport};
use crate::watch::facts::NodeFacts;

/// Nothing where no table has ranges.
pub(super) fn ids(node: &NodeFacts, reports: &Reports) -> Option<Check> {
    if reports.tables.is_empty() && node.range_faults.is_empty() && reports.bypasses.is_empty() {
        return None;
    }
    let mut found: Vec<(Level, String, Option<String>)> = Vec::new();
    for fault in &node.range_faults {
        let told = format!("constraint {} on {} does not check ids", fault.constraint, fault.table);
        found.push((Level::Critical, told, None));
    }
    for report in &reports.tables {
        found.extend(left_here(report));
        found.extend(left_for_all(report));
        found.extend(unheard(report));
    }
    for whose in &reports.bypasses {
        let told = format!("{whose} write any id");
        let hint = "when the import is done: steep-replctl range bypass --disable".to_owned();
        found.push((Level::Warning, told, Some(hint)));
    }
    let Some(worst) = found.iter().map(|(level, ..)| *level).max() else {
        let count = reports.tables.len();
        return Some(check("ranges", Level::Ok, format!("{count} tables draw ids from ranges")));
    };
    // What is worst comes first.
    found.sort_by_key(|(level, ..)| std::cmp::Reverse(*level));
    let hint = found.iter().find_map(|(_, _, hint)| hint.clone());
    let told = check("ranges", worst, some_of(found.into_iter().map(|(_, told, _)| told)));
    Some(match hint {
        Some(hint) => with_hint(told, hint),
        None => told,
    })
}

fn level(alert: Alert) -> Option<Level> {
    match alert {
        Alert::None => None,
        Alert::Warning => Some(Level::Warning),
        Alert::Critical | Alert::Exhausted => Some(Level::Critical),
    }
}

/// This node is near the end of what it was granted, and was granted no more.
fn left_here(report: &TableReport) -> Option<(Level, String, Option<String>)> {
    let TableReport { table, stock, trouble, .. } = report;
    let hint = "start the daemons of the other nodes, or see steep-replctl range status".to_owned();
    let why = trouble.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    if stock.total() == 0 {
        return Some((
            Level::Critical,
            format!("{table}: no id is left on this node{why}"),
            Some(hint),
        ));
    }
    if let Some(level) = level(stock.alert()) {
        let told =
            format!("{table}: {} % of this node's last range is used{why}", stock.percent_used());
        return Some((level, told, Some(hint)));
    }
    // With something in reserve there is time.
    trouble
        .as_ref()
        .map(|why| (Level::Warning, format!("{table}: no further range: {why}"), Some(hint)))
}

/// All nodes together are near the end of what the key's type holds.
fn left_for_all(report: &TableReport) -> Option<(Level, String, Option<String>)> {
    let TableReport { table, outlook, .. } = report;
    let level = level(outlook.alert())?;
    let last = match outlook.lasts {
        Some(lasts) => format!(", which last {}", days(lasts)),
        None => String::new(),
    };
    let told =
        format!("{table}: {} of {} ids are left for all nodes{last}", outlook.left, outlook.size);
    let hint = "plan a larger type for its key: steep-replctl range status".to_owned();
    Some((level, told, Some(hint)))
}

fn days(lasts: Duration) -> String {
    match lasts.as_secs() / 86_400 {
        0 => "less than a day".to_owned(),
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}

/// After a restore a node grants nothing until it has heard all others.
fn unheard(report: &TableReport) -> Option<(Level, String, Option<String>)> {
    if report.unheard.is_empty() {
        return None;
    }
    let told = format!(
        "{}: since the restore this node has not heard from {}, and grants no ranges",
        report.table,
        some_of(report.unheard.iter().cloned())
    );
    let hint = "start the daemons there; for a node that is gone for good see docs/guide/identity-ranges.md";
    Some((Level::Warning, told, Some(hint.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;
    use steep_ranges::{IdRange, Outlook, Rate, Stock};

    fn report(left: u64, reserve: u64) -> TableReport {
        TableReport {
            table: "public.t".into(),
            stock: Stock { range: IdRange::new(1, 1000).ok(), left, reserve },
            rate: Rate::default(),
            lasts: None,
            outlook: Outlook { size: 1_000_000, left: 900_000, lasts: None },
            grants: 0,
            unheard: Vec::new(),
            trouble: None,
        }
    }

    fn judged(report: TableReport) -> Check {
        let facts = samples::healthy();
        let reports = Reports { tables: vec![report], bypasses: Vec::new() };
        ids(facts.node.as_ref().expect("a node"), &reports).expect("a table has ranges")
    }

    #[test]
    fn a_node_without_ranges_has_no_check() {
        let facts = samples::healthy();
        assert_eq!(ids(facts.node.as_ref().expect("a node"), &Reports::default()), None);
    }

    #[test]
    fn alerts_come_at_eighty_and_ninety_five_percent_and_at_the_end() {
        let levels: Vec<_> = [(201, 0), (200, 0), (51, 0), (50, 0), (0, 0), (0, 500)]
            .map(|(left, reserve)| judged(report(left, reserve)).level)
            .into();
        let (ok, warning, critical) = (Level::Ok, Level::Warning, Level::Critical);
        assert_eq!(levels, [ok, warning, warning, critical, critical, ok]);
        let told = judged(report(150, 0));
        assert_eq!(told.message, "public.t: 85 % of this node's last range is used");
        assert_eq!(judged(report(0, 0)).message, "public.t: no id is left on this node");
    }

    #[test]
    fn a_table_whose_ids_end_soon_is_told_in_time() {
        let of = |left, days: u64| Outlook {
            size: 1_000_000,
            left,
            lasts: Some(Duration::from_secs(days * 86_400)),
        };
        let with = |outlook| judged(TableReport { outlook, ..report(900, 0) });
        assert_eq!(with(of(900_000, 91)).level, Level::Ok);
        let told = with(of(900_000, 89));
        assert_eq!(told.level, Level::Warning);
        let said = "public.t: 900000 of 1000000 ids are left for all nodes, which last 89 days";
        assert_eq!(told.message, said);
        assert_eq!(with(of(900_000, 13)).level, Level::Critical);
        assert_eq!(with(of(150_000, 9000)).level, Level::Warning);
        assert_eq!(with(of(40_000, 9000)).level, Level::Critical);
    }

    #[test]
    fn what_is_in_the_way_is_told_and_the_worst_comes_first() {
        let trouble = Some("node a owns no free id".to_owned());
        let told = judged(TableReport { trouble, ..report(900, 0) });
        assert_eq!(told.level, Level::Warning);
        assert_eq!(told.message, "public.t: no further range: node a owns no free id");
        let mut facts = samples::healthy();
        samples::node(&mut facts).range_faults.push(samples::lost_constraint());
        let unheard = vec!["b".to_owned()];
        let reports = Reports {
            tables: vec![TableReport { unheard, ..report(900, 0) }],
            bypasses: vec!["sessions of role loader".to_owned()],
        };
        let told = ids(samples::node(&mut facts), &reports).expect("a table has ranges");
        assert_eq!(told.level, Level::Critical);
        let said = "constraint steep_range_t on public.t does not check ids, public.t: since the restore \
                    this node has not heard from b, and grants no ranges, sessions of role loader write any id";
        assert_eq!(told.message, said);
        assert!(told.hint.is_some());
    }
}
