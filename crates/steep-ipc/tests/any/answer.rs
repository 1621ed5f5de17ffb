//! Any reply there is.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use steep_ipc::{
    Check, ConflictDetail, ConflictEntry, Event, Failure, FailureClass, Health, HeldRange,
    JobStatus, Level, NodeEntry, NodeState, NodeStatus, PeerStatus, Plan, Progress, RangeGrant,
    RangeStatus, RangesStatus, Reply, Response, SlotStatus, SubscriptionStatus, TableEntry,
};

use super::{maybe, text, texts};

pub(crate) fn reply() -> impl Strategy<Value = Reply> {
    prop_oneof![
        progress().prop_map(Reply::Progress),
        (text(), text(), text(), text()).prop_map(|(at, kind, subject, message)| Reply::Event(
            Event { at, kind, subject, message }
        )),
        response().prop_map(Reply::Done),
        failure().prop_map(Reply::Failed),
    ]
}

fn response() -> impl Strategy<Value = Response> {
    prop_oneof![
        status().prop_map(Response::Status),
        health().prop_map(Response::Health),
        plan().prop_map(Response::Plan),
        vec(node(), 0..3).prop_map(Response::Nodes),
        option::of(job()).prop_map(Response::Job),
        vec(table(), 0..3).prop_map(Response::Tables),
        vec(conflict(), 0..3).prop_map(Response::Conflicts),
        (conflict(), text())
            .prop_map(|(entry, row)| Response::Conflict(ConflictDetail { entry, row })),
        vec(subscription(), 0..3).prop_map(Response::Subscriptions),
        vec(slot(), 0..3).prop_map(Response::Slots),
        (vec(range(), 0..3), texts())
            .prop_map(|(tables, bypasses)| Response::Ranges(RangesStatus { tables, bypasses })),
        vec(grant(), 0..3).prop_map(Response::RangeGrants),
        text().prop_map(|message| Response::Message { message }),
        (any::<u64>(), any::<bool>(), texts())
            .prop_map(|(count, dry_run, steps)| { Response::Resolved { count, dry_run, steps } }),
    ]
}

fn level() -> impl Strategy<Value = Level> {
    prop::sample::select(vec![Level::Ok, Level::Warning, Level::Critical])
}

fn failure() -> impl Strategy<Value = Failure> {
    use FailureClass::{Bug, Misuse, Operator, Peer, Transient};
    let class = prop::sample::select(vec![Transient, Peer, Operator, Misuse, Bug]);
    (class, text(), maybe(), maybe()).prop_map(|(class, message, hint, summary)| Failure {
        class,
        message,
        hint,
        summary,
    })
}

fn health() -> impl Strategy<Value = Health> {
    let check = (text(), level(), text(), maybe()).prop_map(|(name, level, message, hint)| Check {
        name,
        level,
        message,
        hint,
    });
    (level(), maybe(), text(), vec(check, 0..3))
        .prop_map(|(status, node, checked_at, checks)| Health { status, node, checked_at, checks })
}

fn plan() -> impl Strategy<Value = Plan> {
    (any::<bool>(), texts(), texts(), texts(), vec(table(), 0..3)).prop_map(
        |(done, steps, refusals, warnings, tables)| Plan {
            done,
            steps,
            refusals,
            warnings,
            tables,
        },
    )
}

fn node() -> impl Strategy<Value = NodeEntry> {
    let words = (text(), text(), text(), maybe());
    (words, any::<i32>(), text(), any::<bool>(), maybe(), maybe()).prop_map(
        |((node, name, postgres, grpc), priority, status, is_local, last_seen, attention)| {
            NodeEntry {
                node,
                name,
                postgres,
                grpc,
                priority,
                status,
                is_local,
                last_seen,
                attention,
            }
        },
    )
}

fn table() -> impl Strategy<Value = TableEntry> {
    let ids = (maybe(), maybe());
    (text(), text(), maybe(), maybe(), maybe(), any::<[i64; 2]>(), ids).prop_map(
        |(table, class, reason, strategy, detection, numbers, ids)| TableEntry {
            table,
            class,
            reason,
            strategy,
            detection,
            estimated_rows: numbers[0],
            bytes: numbers[1],
            ids: ids.0,
            ids_reason: ids.1,
        },
    )
}

fn number() -> impl Strategy<Value = f64> {
    prop::num::f64::NORMAL | prop::num::f64::ZERO | prop::num::f64::SUBNORMAL
}

fn range() -> impl Strategy<Value = RangeStatus> {
    let held = (text(), any::<[i64; 2]>()).prop_map(|(node, [first, last])| HeldRange {
        node,
        first,
        last,
    });
    let here = (option::of(any::<i64>()), option::of(any::<(i64, i64)>()), any::<u8>());
    let times = [option::of(any::<u64>()), option::of(any::<u64>()), option::of(any::<u64>())];
    let rest = (vec(held, 0..3), texts(), maybe());
    ([text(), text(), text()], here, any::<[u64; 2]>(), option::of(number()), times, rest).prop_map(
        |([table, column, state], here, [ids_left, reserve], ids_per_second, times, rest)| {
            let [lasts_seconds, table_ids_left, table_lasts_seconds] = times;
            RangeStatus {
                table,
                column,
                state,
                current_id: here.0,
                range: here.1,
                percent_used: here.2,
                ids_left,
                reserve,
                ids_per_second,
                lasts_seconds,
                table_ids_left,
                table_lasts_seconds,
                held: rest.0,
                waits_for: rest.1,
                trouble: rest.2,
            }
        },
    )
}

fn grant() -> impl Strategy<Value = RangeGrant> {
    ([text(), text(), text(), text(), text()], any::<[i64; 2]>()).prop_map(
        |([table, node, granter, status, granted_at], [first, last])| RangeGrant {
            table,
            node,
            granter,
            first,
            last,
            status,
            granted_at,
        },
    )
}

fn conflict() -> impl Strategy<Value = ConflictEntry> {
    let nodes = (maybe(), maybe());
    (any::<i64>(), text(), text(), text(), text(), nodes, text(), text()).prop_map(
        |(id, detected_at, table, conflict_type, key, nodes, strategy, resolution)| ConflictEntry {
            id,
            detected_at,
            table,
            conflict_type,
            key,
            local_node: nodes.0,
            remote_node: nodes.1,
            strategy,
            resolution,
        },
    )
}

fn progress() -> impl Strategy<Value = Progress> {
    let numbers = [any::<u64>(); 6];
    (text(), any::<[u32; 2]>(), maybe(), numbers, option::of(any::<u64>())).prop_map(
        |(step, [step_number, steps], table, numbers, seconds_left)| {
            let [tables_done, tables, rows, bytes, bytes_total, bytes_per_second] = numbers;
            Progress {
                step,
                step_number,
                steps,
                table,
                tables_done,
                tables,
                rows,
                bytes,
                bytes_total,
                bytes_per_second,
                seconds_left,
            }
        },
    )
}

fn job() -> impl Strategy<Value = JobStatus> {
    (text(), text(), text(), progress(), option::of(failure())).prop_map(
        |(id, kind, state, progress, error)| JobStatus { id, kind, state, progress, error },
    )
}

fn subscription() -> impl Strategy<Value = SubscriptionStatus> {
    let lag = option::of(number());
    (text(), text(), any::<[bool; 2]>(), lag, maybe(), any::<u64>(), maybe()).prop_map(
        |(name, peer, [enabled, running], lag_seconds, received_lsn, apply_errors, last_error)| {
            SubscriptionStatus {
                name,
                peer,
                enabled,
                running,
                lag_seconds,
                received_lsn,
                apply_errors,
                last_error,
            }
        },
    )
}

fn slot() -> impl Strategy<Value = SlotStatus> {
    (text(), text(), any::<bool>(), any::<[u64; 2]>(), text()).prop_map(
        |(name, peer, active, [retained_bytes, lag_bytes], wal_status)| SlotStatus {
            name,
            peer,
            active,
            retained_bytes,
            lag_bytes,
            wal_status,
        },
    )
}

fn peer() -> impl Strategy<Value = PeerStatus> {
    let links = (option::of(subscription()), option::of(slot()));
    let names = (text(), text(), text(), maybe());
    (names, any::<bool>(), links, option::of(any::<i64>())).prop_map(
        |(
            (node, name, postgres, grpc),
            daemon_reachable,
            (incoming, outgoing),
            clock_offset_ms,
        )| {
            PeerStatus {
                node,
                name,
                postgres,
                grpc,
                daemon_reachable,
                incoming,
                outgoing,
                clock_offset_ms,
            }
        },
    )
}

fn status() -> impl Strategy<Value = NodeStatus> {
    use NodeState::{Joining, Leaving, Online, Paused, PostgresAway, Uninitialized};
    let states = vec![PostgresAway, Uninitialized, Joining, Online, Paused, Leaving];
    let versions = (text(), maybe(), maybe(), maybe());
    let rest = (vec(peer(), 0..3), health(), option::of(job()));
    (maybe(), prop::sample::select(states), versions, any::<[u64; 3]>(), rest).prop_map(
        |(node, state, versions, numbers, (peers, health, job))| NodeStatus {
            node,
            state,
            daemon_version: versions.0,
            extension_version: versions.1,
            postgres_version: versions.2,
            known_at: versions.3,
            uptime_seconds: numbers[0],
            peers,
            replicated_tables: numbers[1],
            pending_conflicts: numbers[2],
            health,
            job,
        },
    )
}
