//! What a hostile reading of the guard found: each was a lost row, a crash, a stopped stream or a
//! way to more rights, and must not come back.

mod conflicts;
mod crashes;
mod privileges;
mod settings;
mod tombstones;
mod triggers;

use std::fmt::Display;

use steep_ext_tests::{Failure, Group, PATIENCE};
use steep_testkit::postgres::Client;
use steep_testkit::wait::{self, Observed};

/// Runs statements in a session that a test keeps open.
fn run(group: &Group, session: &mut Client, sql: &str) -> Result<(), Failure> {
    session.batch_execute(sql).map_err(|error| {
        let said = error.as_db_error().map_or_else(|| error.to_string(), ToString::to_string);
        group.failed(format!("{said}\n  {sql}"))
    })
}

/// Waits until a query on a node gives this value.
fn comes_to(group: &Group, node: &str, sql: &str, value: impl Display) -> Result<(), Failure> {
    let value = value.to_string();
    let waited = wait::until(PATIENCE, format!("{value} on {node} from {sql}"), || {
        let seen = group.look(node, sql)?;
        if seen == value { Ok(()) } else { Err(Observed::new(seen)) }
    });
    waited.map_err(|error| group.failed(error))
}

/// Waits until this many apply workers of a node wait for a lock.
fn blocked(group: &Group, node: &str, workers: usize) -> Result<(), Failure> {
    let sql = "select count(*) from pg_stat_activity \
        where backend_type like 'logical replication%' and wait_event_type = 'Lock'";
    comes_to(group, node, sql, workers)
}

/// Checks that a query gives this value on every node.
#[track_caller]
fn everywhere_is(group: &Group, sql: &str, value: &str) -> Result<(), Failure> {
    for node in group.names() {
        let seen = group.value(node, sql)?;
        if seen != value {
            return Err(group.failed(format!("on {node}: {seen} instead of {value}\n  {sql}")));
        }
    }
    Ok(())
}

/// Waits until `viewer` has a heartbeat of `source` that was made after this call.
fn beats(group: &Group, source: &str, viewer: &str) -> Result<(), Failure> {
    let now = group.value(source, "select clock_timestamp()")?;
    let newer = format!(
        "select count(*) from steep_repl.heartbeats where node_id = '{source}' and beat_at > '{now}'"
    );
    comes_to(group, viewer, &newer, 1)
}
