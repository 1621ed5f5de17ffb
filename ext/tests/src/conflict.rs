//! The conflict log as values, and what a test expects of it.

use std::fmt;

use serde_json::Value as Json;

use crate::{Failure, Group, Write};

/// One side of a conflict: who wrote what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// The node that wrote it.
    pub origin: Option<String>,
    /// Its commit timestamp there, in microseconds since 1970.
    pub at: Option<i64>,
    /// The row; `None` for a delete.
    pub tuple: Option<Json>,
}

impl Side {
    /// What a write left: a row, or nothing for a delete.
    #[must_use]
    pub fn of(write: &Write, tuple: Option<Json>) -> Self {
        Self { origin: Some(write.node.clone()), at: Some(write.at), tuple }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tuple = self.tuple.as_ref().map_or_else(|| "none".to_owned(), Json::to_string);
        let at = self.at.map_or_else(|| "unknown".to_owned(), |at| at.to_string());
        write!(f, "{tuple} of {} at {at}", self.origin.as_deref().unwrap_or("unknown"))
    }
}

/// A line of `steep_repl.conflict_log`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The node whose log has it.
    pub node: String,
    /// The table, without its schema.
    pub table: String,
    /// `conflict_type`.
    pub kind: String,
    /// `pg_conflict`, empty for null.
    pub pg: String,
    /// `resolution`.
    pub resolution: String,
    /// `strategy`.
    pub strategy: String,
    /// What the node held.
    pub local: Side,
    /// What arrived.
    pub remote: Side,
    /// `origin_xid`.
    pub origin_xid: Option<i64>,
    /// `subscription`.
    pub subscription: String,
    /// `row_key`.
    pub row_key: Option<Json>,
    /// Whether `resolved_at` is there.
    pub is_resolved: bool,
    /// `mixed`.
    pub mixed: bool,
}

impl Conflict {
    /// A conflict on `node` between what it holds and what `remote` brings, decided by
    /// last-write-wins for the remote side.
    #[must_use]
    pub fn new(
        node: &str,
        table: &str,
        kind: &str,
        local: Side,
        remote: (&Write, Option<Json>),
    ) -> Self {
        let (write, tuple) = remote;
        Self {
            node: node.to_owned(),
            table: table.to_owned(),
            kind: kind.to_owned(),
            pg: String::new(),
            resolution: "APPLIED_REMOTE".to_owned(),
            strategy: "last_write_wins".to_owned(),
            local,
            remote: Side::of(write, tuple),
            origin_xid: Some(write.xid),
            subscription: crate::group::subscription(&write.node),
            row_key: None,
            is_resolved: true,
            mixed: false,
        }
    }

    /// The same with PostgreSQL's name of the conflict.
    #[must_use]
    pub fn pg(self, name: &str) -> Self {
        Self { pg: name.to_owned(), ..self }
    }

    /// The same with the local row kept.
    #[must_use]
    pub fn kept_local(self) -> Self {
        Self { resolution: "KEPT_LOCAL".to_owned(), ..self }
    }

    /// The same, waiting for a person.
    #[must_use]
    pub fn pending(self) -> Self {
        Self { resolution: "PENDING".to_owned(), is_resolved: false, ..self }
    }

    /// The same under another strategy.
    #[must_use]
    pub fn strategy(self, strategy: &str) -> Self {
        Self { strategy: strategy.to_owned(), ..self }
    }

    /// The same with the key of the row that it is about.
    #[must_use]
    pub fn row_key(self, key: Json) -> Self {
        Self { row_key: Some(key), ..self }
    }
}

/// On one line, so that two logs can be compared by eye.
impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            node, table, kind, pg, resolution, strategy, local, remote, subscription, ..
        } = self;
        let xid = self.origin_xid.map_or_else(|| "none".to_owned(), |xid| xid.to_string());
        let mixed = if self.mixed { " mixed" } else { "" };
        let open = if self.is_resolved { "" } else { " open" };
        let key = self.row_key.as_ref().map_or_else(|| "none".to_owned(), Json::to_string);
        write!(
            f,
            "{node}.{table} {key} {kind} {pg} {resolution}{mixed}{open} by {strategy}: \
             local {local}, remote {remote} xid {xid} by {subscription}"
        )
    }
}

const QUERY: &str = "select table_name, conflict_type, coalesce(pg_conflict, ''), \
    coalesce(resolution, ''), coalesce(strategy, ''), \
    local_origin, (extract(epoch from local_xact_ts) * 1000000)::bigint, local_tuple, \
    remote_origin, (extract(epoch from remote_xact_ts) * 1000000)::bigint, remote_tuple, \
    origin_xid, subscription, row_key, resolved_at is not null, mixed \
    from steep_repl.conflict_log";

impl Group {
    /// The conflict log of a node, oldest first; `condition` is an SQL expression.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn conflicts(&self, node: &str, condition: &str) -> Result<Vec<Conflict>, Failure> {
        let rows = self.rows(node, &format!("{QUERY} where {condition} order by id"))?;
        rows.into_iter().map(|row| self.conflict(node, row)).collect()
    }

    /// The conflicts of a table on all nodes.
    ///
    /// # Errors
    /// When one of the logs cannot be read.
    pub fn conflicts_of(&self, table: &str) -> Result<Vec<Conflict>, Failure> {
        let condition = format!("table_name = {}", super::group::literal(table));
        let mut all = Vec::new();
        for node in self.names() {
            all.extend(self.conflicts(node, &condition)?);
        }
        Ok(all)
    }

    fn conflict(&self, node: &str, row: Vec<Option<String>>) -> Result<Conflict, Failure> {
        let wrong = || self.failed("the conflict log has other columns than were asked for");
        let row: [Option<String>; 16] = row.try_into().map_err(|_| wrong())?;
        let [
            table,
            kind,
            pg,
            resolution,
            strategy,
            local_origin,
            local_at,
            local_tuple,
            remote_origin,
            remote_at,
            remote_tuple,
            xid,
            subscription,
            row_key,
            is_resolved,
            mixed,
        ] = row;
        let json = |text: Option<String>| text.map(|text| serde_json::from_str(&text)).transpose();
        let number = |text: Option<String>| text.and_then(|text| text.parse().ok());
        let side = |origin, at, tuple| {
            Ok(Side { origin, at: number(at), tuple: json(tuple).map_err(|_| wrong())? })
        };
        Ok(Conflict {
            node: node.to_owned(),
            table: table.unwrap_or_default(),
            kind: kind.unwrap_or_default(),
            pg: pg.unwrap_or_default(),
            resolution: resolution.unwrap_or_default(),
            strategy: strategy.unwrap_or_default(),
            local: side(local_origin, local_at, local_tuple)?,
            remote: side(remote_origin, remote_at, remote_tuple)?,
            origin_xid: number(xid),
            subscription: subscription.unwrap_or_default(),
            row_key: json(row_key).map_err(|_| wrong())?,
            is_resolved: is_resolved.as_deref() == Some("t"),
            mixed: mixed.as_deref() == Some("t"),
        })
    }

    /// Checks that the logs of all nodes have exactly these conflicts of a table, in any order.
    ///
    /// # Errors
    /// When they have others.
    pub fn logged(&self, table: &str, expected: &[Conflict]) -> Result<(), Failure> {
        self.logged_with(table, expected, &[])
    }

    /// As [`logged`](Self::logged), where some more may be there, each once.
    ///
    /// # Errors
    /// When others are missing or there.
    pub fn logged_with(
        &self,
        table: &str,
        expected: &[Conflict],
        allowed: &[Conflict],
    ) -> Result<(), Failure> {
        let lines = |conflicts: &[Conflict]| conflicts.iter().map(Conflict::to_string).collect();
        let mut seen: Vec<String> = lines(&self.conflicts_of(table)?);
        let mut missing: Vec<String> = lines(expected);
        missing.retain(|line| take(&mut seen, line).is_none());
        for line in lines(allowed) as Vec<String> {
            take(&mut seen, &line);
        }
        if missing.is_empty() && seen.is_empty() {
            return Ok(());
        }
        let listed = |lines: &[String]| lines.join("\n    ");
        Err(self.failed(format!(
            "the conflict logs differ for {table}:\n  missing:\n    {}\n  too much:\n    {}",
            listed(&missing),
            listed(&seen)
        )))
    }
}

fn take(lines: &mut Vec<String>, line: &str) -> Option<String> {
    let at = lines.iter().position(|seen| seen == line)?;
    Some(lines.remove(at))
}
