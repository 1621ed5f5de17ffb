//! What happened to rows that are not what they should be.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::schema::TABLES;
use crate::Group;
use crate::group::literal;

/// How many rows a report tells about.
const SHOWN: usize = 4;

/// The part of a row that names it.
fn key_of(table: &str) -> &'static str {
    if table == "exact" { "k" } else { "id" }
}

/// The stories of rows that differ between the nodes.
pub(super) fn of_differences(group: &Group) -> String {
    let mut report = String::new();
    for table in TABLES {
        let key = key_of(table);
        let mut keys = BTreeMap::<String, BTreeSet<String>>::new();
        for node in group.names() {
            let sql = format!("select {key}, string_agg(token, ' ') from {table} group by 1");
            for row in group.try_rows(node, &sql).unwrap_or_default() {
                let mut row = row.into_iter().flatten();
                if let (Some(key), Some(token)) = (row.next(), row.next()) {
                    keys.entry(key).or_default().insert(format!("{node} has {token}"));
                }
            }
        }
        let differs = |seen: &&BTreeSet<String>| {
            let tokens: BTreeSet<_> = seen.iter().map(|text| text.split_at(1).1).collect();
            tokens.len() > 1 || seen.len() < group.names().len()
        };
        let differing = keys.iter().filter(|(_, seen)| differs(seen)).take(SHOWN);
        for (value, seen) in differing {
            let seen: Vec<_> = seen.iter().map(String::as_str).collect();
            let _ = write!(report, "\nrow {value} of {table}: {}", seen.join(", "));
            report.push_str(&of_key(group, table, value));
        }
    }
    report
}

/// The stories of rows in which these tokens were.
pub(super) fn of_tokens(group: &Group, tokens: &[&String]) -> String {
    let mut report = String::new();
    for token in tokens.iter().take(SHOWN) {
        let node = token.get(..1).unwrap_or_default();
        let sql = format!(
            "select relation, coalesce(new->>'id', new->>'k') from history \
             where new->>'token' = {}",
            literal(token)
        );
        for row in group.try_rows(node, &sql).unwrap_or_default() {
            let mut row = row.into_iter().flatten();
            if let (Some(table), Some(key)) = (row.next(), row.next()) {
                let _ = write!(report, "\ntoken {token}, row {key} of {table}:");
                report.push_str(&of_key(group, &table, &key));
            }
        }
    }
    report
}

/// What the transactions did of which an apply worker says something went wrong.
pub(super) fn of_failures(group: &Group) -> String {
    let mut report = String::new();
    for node in group.nodes() {
        let failed: BTreeSet<_> = node
            .log()
            .iter()
            .filter(|entry| entry.severity.is_trouble() && entry.backend.starts_with("logical"))
            .filter_map(|entry| {
                Some((origin(&entry.detail)?, number_after(&entry.detail, "in transaction ")?))
            })
            .collect();
        for (origin, xid) in failed.into_iter().take(SHOWN) {
            let peer =
                format!("select substr(subname, 6) from pg_subscription where oid = {origin}");
            let Ok(peer) = group.look(node.name(), &peer) else { continue };
            let _ = write!(report, "\ntransaction {xid} of {peer}, trouble on {}:", node.name());
            let sql = format!(
                "select format('%s %s %s -> %s', relation, operation, old, new) from history \
                 where xmin = '{xid}'::xid order by ctid"
            );
            for row in group.try_rows(&peer, &sql).unwrap_or_default() {
                let _ = write!(report, "\n  {}", row.into_iter().flatten().collect::<String>());
            }
        }
    }
    report
}

/// The oid of the subscription in `replication origin "pg_16401"`.
fn origin(text: &str) -> Option<String> {
    number_after(text, "replication origin \"pg_")
}

fn number_after(text: &str, before: &str) -> Option<String> {
    let rest = text.split_once(before)?.1;
    Some(rest.chars().take_while(char::is_ascii_digit).collect())
}

/// What all nodes did to a key, in the order of the commit timestamps, and what they logged.
fn of_key(group: &Group, table: &str, value: &str) -> String {
    let key = key_of(table);
    let mut events = Vec::new();
    for node in group.names() {
        let writes = format!(
            "select to_char(pg_xact_commit_timestamp(xmin), 'MI:SS.US'), \
             format('{node} %s (xid %s) %s -> %s', operation, xmin, old, new) from history \
             where relation = '{table}' and {} in (old->>'{key}', new->>'{key}') order by ctid",
            literal(value)
        );
        let logged = format!(
            "select to_char(pg_xact_commit_timestamp(xmin), 'MI:SS.US'), \
             format('    {node} logged %s %s %s: %s of %s at %s <- %s of %s at %s', id, \
                 conflict_type, resolution, local_tuple - 'big', local_origin, \
                 to_char(local_xact_ts, 'MI:SS.US'), remote_tuple - 'big', remote_origin, \
                 to_char(remote_xact_ts, 'MI:SS.US')) from steep_repl.conflict_log \
             where table_name = '{table}' and {} in (row_key->>'{key}', local_tuple->>'{key}', \
                 remote_tuple->>'{key}') order by id",
            literal(value)
        );
        let retracted = format!(
            "select to_char(pg_xact_commit_timestamp(xmin), 'MI:SS.US'), \
             format('    {node} has retraction by %s of version %s %s', node_id, version_node, \
                 to_char(version_at, 'MI:SS.US')) from steep_repl.retractions \
             where table_name = '{table}' and row_key[1] = {} order by id",
            literal(value)
        );
        for sql in [writes, logged, retracted] {
            for row in group.try_rows(node, &sql).unwrap_or_else(|error| vec![vec![Some(error)]]) {
                events.push(row.into_iter().flatten().collect::<Vec<_>>());
            }
        }
    }
    events.sort_by(|one, other| one.first().cmp(&other.first()));
    events.iter().fold(String::new(), |mut story, event| {
        let _ = write!(story, "\n  {}", event.join(" "));
        story
    })
}
