//! What must hold when everything has been applied.

use std::collections::BTreeSet;
use std::fmt;

use super::schema::TABLES;
use super::story;
use crate::{Failure, Group, is_apply_error};

/// How much there was to check.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// Writes of rows that were committed.
    pub writes: usize,
    /// Rows that are left.
    pub rows: usize,
    /// Lines of the conflict logs.
    pub conflicts: usize,
    /// Retractions that were published.
    pub retractions: usize,
    /// Transactions that an apply worker had to try again, for a deadlock or a key that a session
    /// took at the same moment.
    pub retries: usize,
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { writes, rows, conflicts, retractions, retries } = self;
        write!(
            f,
            "{writes} writes, {rows} rows left, {conflicts} conflicts logged, {retractions} \
             retractions, {retries} transactions applied again"
        )
    }
}

/// Every token that the node's conflict log shows on the side that lost.
const LOGGED: &str = "select l.lost->>'token' from (
    select case resolution when 'APPLIED_REMOTE' then local_tuple else remote_tuple end
    from steep_repl.conflict_log) l (lost) where l.lost is not null";

/// How many tokens a failure shows.
const SHOWN: usize = 20;

type Tokens = BTreeSet<String>;

/// Checks that nothing came from nowhere and nothing was lost in silence.
pub(super) fn check(group: &Group) -> Result<Findings, Failure> {
    let everywhere = |sql: &str| -> Result<Tokens, Failure> {
        let mut all = Tokens::new();
        for node in group.names() {
            all.extend(tokens(group, node, sql)?);
        }
        Ok(all)
    };
    let wrote = everywhere("select new->>'token' from history where new is not null")?;
    let wrote_over = everywhere("select old->>'token' from history where old is not null")?;
    let logged = everywhere(LOGGED)?;
    let mut last = Tokens::new();
    for table in TABLES {
        last.extend(tokens(group, "a", &format!("select token from {table}"))?);
    }
    let invented: Vec<_> = last.difference(&wrote).take(SHOWN).collect();
    if !invented.is_empty() {
        return Err(group.failed(format!("rows that nobody wrote: {invented:?}")));
    }
    let lost: Vec<_> = wrote
        .iter()
        .filter(|token| ![&last, &wrote_over, &logged].iter().any(|known| known.contains(*token)))
        .collect();
    if !lost.is_empty() {
        let shown = &lost[..lost.len().min(SHOWN)];
        return Err(group.failed(format!(
            "{} writes were lost in silence, among them {shown:?}{}",
            lost.len(),
            story::of_tokens(group, shown)
        )));
    }
    Ok(Findings {
        writes: wrote.len(),
        rows: last.len(),
        conflicts: count(group, "steep_repl.conflict_log")?,
        retractions: count(group, "steep_repl.retractions")?,
        retries: group
            .nodes()
            .iter()
            .flat_map(|node| node.log())
            .filter(|entry| {
                is_apply_error(entry) && (entry.sqlstate == "23505" || entry.sqlstate == "40P01")
            })
            .count(),
    })
}

fn tokens(group: &Group, node: &str, sql: &str) -> Result<Tokens, Failure> {
    Ok(group.rows(node, sql)?.into_iter().flatten().flatten().collect())
}

/// The rows of a table on all nodes together.
fn count(group: &Group, table: &str) -> Result<usize, Failure> {
    let mut sum = 0;
    for node in group.names() {
        let count = group.value(node, &format!("select count(*) from {table}"))?;
        sum += count.parse::<usize>().map_err(|error| group.failed(error))?;
    }
    Ok(sum)
}
