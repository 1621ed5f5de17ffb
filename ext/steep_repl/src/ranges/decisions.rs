//! The functions of `302_range_decisions.sql`: each reads what is recorded, decides, and records.

use super::replenish;
use super::rows::Recorded;
use super::turnover;
use pgrx::pg_sys;
use pgrx::prelude::*;
use steep_ranges::{GrantError, Request, Row, State, Supply, Urgency};
use steep_types::NodeId;

fn node(id: &str) -> NodeId {
    id.parse().unwrap_or_else(|error| {
        ereport!(
            PgLogLevel::ERROR,
            PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
            format!("\"{id}\" is no node id: {error}")
        );
        unreachable!("an ERROR report does not return")
    })
}

fn number(value: i64, what: &str) -> u64 {
    u64::try_from(value).unwrap_or_else(|_| {
        ereport!(
            PgLogLevel::ERROR,
            PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
            format!("{what} is {value}, which is negative")
        );
        unreachable!("an ERROR report does not return")
    })
}

fn refused(error: impl std::fmt::Display, hint: &str) -> ! {
    ereport!(
        PgLogLevel::ERROR,
        PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("{error}"),
        hint
    );
    unreachable!("an ERROR report does not return")
}

/// Locks a table, lets `decide` say what is new, and records that.
fn decided(schema: &str, table: &str, decide: impl FnOnce(&mut Recorded) -> Vec<Row>) -> i32 {
    // SAFETY: called by SQL, with the rights of the extension's owner.
    unsafe {
        let mut recorded = Recorded::lock(schema, table);
        let rows = decide(&mut recorded);
        recorded.record(&rows)
    }
}

#[pg_extern(sql = false)]
fn found_ranges(schema: &str, table: &str, members: Vec<String>) -> i32 {
    let members: Vec<_> = members.iter().map(|member| node(member)).collect();
    decided(schema, table, |recorded| {
        let space = recorded.allocator.state().space();
        match State::found(space, &members) {
            Ok(founded) => founded.rows().collect(),
            Err(error) => refused(error, "Name each member of the group, the same on every node."),
        }
    })
}

#[pg_extern(sql = false)]
fn grant_range(
    schema: &str,
    table: &str,
    holder: &str,
    request: i64,
    size: i64,
    forced: bool,
) -> i64 {
    let request = Request {
        holder: node(holder),
        number: number(request, "the number of a request"),
        size: number(size, "the size of a range"),
    };
    let urgency = if forced { Urgency::Forced } else { Urgency::Routine };
    let mut start = 0;
    decided(schema, table, |recorded| match recorded.allocator.grant(&request, urgency) {
        Ok(grant) => {
            start = grant.range.start();
            vec![Row::Grant(grant)]
        }
        Err(error) => refused(&error, way_out(&error)),
    });
    start
}

fn way_out(error: &GrantError) -> &'static str {
    match error {
        GrantError::Margin { .. } => {
            "Change the column to a larger type on all nodes, or grant from the end: steep_repl.grant_range(…, true)."
        }
        GrantError::NoneLeft { .. } => {
            "Ask a node that owns free ids; see steep_repl.range_titles. If none does, the column needs a larger type."
        }
        GrantError::Restored { .. } => "Wait until that node is reachable, or ask another.",
        _ => "Ask for at least one id.",
    }
}

#[pg_extern(sql = false)]
fn next_range_request(schema: &str, table: &str) -> i64 {
    // SAFETY: as in `decided`.
    let recorded = unsafe { Recorded::lock(schema, table) };
    i64::try_from(recorded.allocator.request(1).number).unwrap_or(i64::MAX)
}

#[pg_extern(sql = false)]
fn range_granter(schema: &str, table: &str, reachable: Vec<String>) -> Option<String> {
    let reachable: Vec<_> = reachable.iter().map(|peer| node(peer)).collect();
    // SAFETY: as in `decided`.
    let recorded = unsafe { Recorded::lock(schema, table) };
    recorded.allocator.state().granter(&reachable).map(|granter| granter.as_str().to_owned())
}

#[pg_extern(sql = false)]
fn take_up_ranges(schema: &str, table: &str) -> i32 {
    decided(schema, table, |recorded| recorded.allocator.take_up())
}

#[pg_extern(sql = false)]
fn settle_ranges(schema: &str, table: &str) -> i32 {
    decided(schema, table, |recorded| {
        // SAFETY: as in `decided`.
        let position = unsafe { recorded.position() };
        recorded.allocator.settle(position)
    })
}

#[pg_extern(sql = false)]
fn give_up_ranges(schema: &str, table: &str) -> i32 {
    decided(schema, table, |recorded| recorded.allocator.give_up())
}

#[pg_extern(sql = false)]
fn give_up_range(schema: &str, table: &str, start: i64) -> i32 {
    let released = decided(schema, table, |recorded| {
        // SAFETY: as in `decided`.
        let position = unsafe { recorded.position() };
        match recorded.allocator.release(start, position) {
            Ok(rows) => rows,
            Err(error) => refused(error, "See steep_repl.identity_ranges."),
        }
    });
    // SAFETY: as in `decided`. The sequence may have stood in it.
    unsafe { turnover::follow(Recorded::lock(schema, table)) };
    released
}

#[pg_extern(sql = false)]
fn share_ranges(schema: &str, table: &str, peer: &str) -> i32 {
    let peer = node(peer);
    decided(schema, table, |recorded| {
        // Whoever repeats a call whose answer was lost must not give away more.
        if recorded.allocator.state().owns_free_ids(&peer) {
            return Vec::new();
        }
        match recorded.allocator.share(&peer) {
            Ok(rows) => rows,
            Err(error) => refused(error, "Another member can share as well."),
        }
    })
}

#[pg_extern(sql = false)]
fn hand_over_ranges(schema: &str, table: &str, peer: &str) -> i32 {
    let peer = node(peer);
    decided(schema, table, |recorded| match recorded.allocator.hand_over(&peer) {
        Ok(rows) => rows,
        Err(error) => refused(error, "Hand over to another node, which stays."),
    })
}

#[pg_extern(sql = false)]
fn replenish_ranges(relation: pg_sys::Oid) -> bool {
    // SAFETY: as in `decided`.
    unsafe { Recorded::of(relation).is_some_and(|recorded| replenish::replenish(recorded)) }
}

#[pg_extern(sql = false)]
fn follow_ranges(relation: pg_sys::Oid) -> bool {
    // SAFETY: as in `decided`.
    unsafe { Recorded::of(relation).is_some_and(|recorded| turnover::follow(recorded)) }
}

#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn range_stock(
    schema: &str,
    table: &str,
) -> TableIterator<
    'static,
    (
        name!(current_value, Option<i64>),
        name!(range_start, Option<i64>),
        name!(range_end, Option<i64>),
        name!(ids_left, i64),
        name!(reserve, i64),
    ),
> {
    // SAFETY: as in `decided`.
    let (position, supply): (_, Supply) = unsafe {
        let recorded = Recorded::look(schema, table);
        (recorded.position(), recorded.allocator.supply())
    };
    let stock = supply.stock(position);
    let drawn = match position {
        steep_ranges::Position::At(id) => Some(id),
        steep_ranges::Position::Fresh => None,
    };
    let count = |ids: u64| i64::try_from(ids).unwrap_or(i64::MAX);
    TableIterator::once((
        drawn,
        stock.range.map(steep_ranges::IdRange::start),
        stock.range.map(steep_ranges::IdRange::end),
        count(stock.left),
        count(stock.reserve),
    ))
}
