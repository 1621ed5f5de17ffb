//! Identity ranges: the nodes draw keys that cannot collide, whatever is cut off from what.

mod bypass;
mod checks;
mod full_speed;
mod grants;
mod management;
mod pains;
mod surroundings;

use steep_ext_tests::{Failure, Group};
use steep_testkit::Major;

/// With `max_connections` and `max_worker_processes` of [`small`], what a session may have drawn
/// ahead of the check: (14 + 14 + 1) ids and the 32 of the WAL.
const HEADROOM: i64 = 61;

/// A group whose sessions are few, so that ranges can be small.
fn small(major: Major, nodes: usize) -> Result<Group, Failure> {
    Group::builder(major, nodes)
        .setting("max_connections", 14)
        .setting("max_worker_processes", 14)
        .setting("max_wal_senders", 6)
        .start()
}

/// Lets all nodes draw a table's ids from ranges of this size.
fn manage(group: &Group, table: &str, size: i64) -> Result<(), Failure> {
    let members = group.names().join(",");
    group.everywhere(&format!(
        "select steep_repl.manage_ranges('{table}', '{{{members}}}', 0, {size}, 80, {size})"
    ))
}

/// Makes a replicated table on all nodes, with ranges of this size.
fn table(group: &Group, table: &str, columns: &str, size: i64) -> Result<(), Failure> {
    group.create_table(table, columns, "")?;
    manage(group, table, size)
}

/// The only row of a query, its values with a blank in between.
fn row(group: &Group, node: &str, sql: &str) -> Result<String, Failure> {
    let rows = group.rows(node, sql)?;
    let [row] = &rows[..] else { return Err(Failure::new(format!("{} rows: {sql}", rows.len()))) };
    Ok(row.iter().map(|value| value.as_deref().unwrap_or("null")).collect::<Vec<_>>().join(" "))
}

/// How many rows of a node have an id outside the ranges that this node holds. `writer` is the column
/// that names who wrote a row.
fn strays(group: &Group, node: &str, table: &str) -> Result<String, Failure> {
    group.value(
        node,
        &format!(
            "select count(*) from {table} t where t.writer = '{node}' and not exists (
           select from steep_repl.identity_ranges r where r.table_name = '{table}'
             and r.node_id = '{node}' and t.id between r.range_start and r.range_end)"
        ),
    )
}
