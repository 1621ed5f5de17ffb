//! Theorem 1: under last-write-wins all nodes end with the same rows, those of the greatest
//! versions, for any history and any order of arrival that keeps each origin's stream in order.
#![allow(clippy::unwrap_used, reason = "a test may stop where its own set-up is wrong")]

mod mesh;

use mesh::{Edit, Mesh, Operation, Profile, Settings, config, operations};
use proptest::prelude::*;
use steep_conflict::{ChangeKind, Detection};

fn edit(key: u8) -> Vec<Edit> {
    vec![Edit { key, delete: false, unique: [None; 2] }]
}

fn delete(key: u8) -> Vec<Edit> {
    vec![Edit { key, delete: true, unique: [None; 2] }]
}

fn exact() -> Settings {
    Settings { detection: Detection::Exact, ..Settings::default() }
}

proptest! {
    #![proptest_config(config(600))]

    #[test]
    fn all_nodes_end_with_the_greatest_versions(
        size in 2..=4_usize,
        ops in operations(Profile { redelivery: true, ..Profile::default() }),
    ) {
        let mesh = Mesh::run(size, Settings::default(), &ops);
        mesh.assert_converged();
        prop_assert_eq!(mesh.image(0), mesh.expected());
        mesh.assert_nothing_pending();
    }

    #[test]
    fn the_outcome_does_not_depend_on_the_detection(
        size in 2..=4_usize,
        ops in operations(Profile { beats: true, ..Profile::default() }),
    ) {
        let by_default = Mesh::run(size, Settings::default(), &ops);
        let by_row = Mesh::run(size, exact(), &ops);
        prop_assert_eq!(by_default.image(0), by_row.image(0));
    }

    #[test]
    fn pruned_tombstones_are_never_missed(
        size in 2..=4_usize,
        ops in operations(Profile { beats: true, ..Profile::default() }),
    ) {
        let mesh = Mesh::run(size, Settings::default(), &ops);
        mesh.assert_converged();
        prop_assert_eq!(mesh.image(0), mesh.expected());
    }

    #[test]
    fn frozen_rows_lose_to_everything_that_can_still_arrive(
        size in 2..=4_usize,
        ops in operations(Profile { freeze: true, beats: true, ..Profile::default() }),
    ) {
        let mesh = Mesh::run(size, Settings::default(), &ops);
        mesh.assert_converged();
        prop_assert_eq!(mesh.image(0), mesh.expected());
        mesh.assert_nothing_pending();
    }

    #[test]
    fn freezing_too_early_never_diverges_in_silence(
        size in 2..=4_usize,
        ops in operations(Profile::default()),
        at in 0..4_usize,
        horizon in 2..12_i64,
        when in 0..40_usize,
    ) {
        let mut mesh = Mesh::new(size, Settings::default());
        for (i, op) in ops.iter().enumerate() {
            mesh.step(op);
            if i == when {
                // Whatever is on this node now loses its version, whoever is cut off.
                let clock = mesh.nodes[at % size].clock;
                mesh.freeze(at % size, horizon.min(clock));
            }
        }
        mesh.settle();
        let pending = mesh.nodes.iter().flat_map(|node| &node.log)
            .any(|logged| logged.conflict.resolution == steep_conflict::Resolution::Pending);
        prop_assert!(pending || mesh.converged());
    }

    #[test]
    fn streams_that_start_over_change_and_log_nothing_new(
        size in 2..=4_usize,
        ops in operations(Profile { unique: true, ..Profile::default() }),
    ) {
        let mesh = Mesh::run(size, Settings::default(), &ops);
        let mut again = mesh.clone();
        for (to, from) in (0..size).flat_map(|to| (0..size).map(move |from| (to, from))) {
            if to != from {
                again.nodes[to].applied[from] = 0;
            }
        }
        again.settle();
        for at in 0..size {
            prop_assert_eq!(mesh.image(at), again.image(at));
            prop_assert_eq!(mesh.log_set(at), again.log_set(at));
        }
    }

    #[test]
    fn a_transaction_that_arrives_twice_changes_and_logs_nothing_new(
        size in 2..=4_usize,
        ops in operations(Profile { unique: true, ..Profile::default() }),
    ) {
        let (once, twice) = (
            Mesh::run(size, Settings::default(), &ops),
            Mesh::run_doubled(size, Settings::default(), &ops),
        );
        for at in 0..size {
            prop_assert_eq!(once.image(at), twice.image(at));
            prop_assert_eq!(once.log_set(at), twice.log_set(at));
        }
    }
}

#[test]
fn equal_timestamps_on_three_nodes_end_with_the_highest_priority() {
    let mut mesh = Mesh::new(3, Settings::default());
    for at in 0..3 {
        mesh.commit(at, &edit(0), 0);
    }
    mesh.settle();
    mesh.assert_converged();
    assert_eq!(mesh.image(0)[&0].write, 1, "node 1 has priority 90");
    assert_eq!(mesh.logged_losers(), [0, 2].into());
}

#[test]
fn a_delete_that_overtakes_insert_and_update_keeps_the_row_away() {
    let mut mesh = Mesh::new(4, exact());
    mesh.commit(0, &edit(0), 1);
    mesh.deliver(1, 0);
    mesh.commit(1, &edit(0), 1);
    mesh.catch_up(2);
    mesh.commit(2, &delete(0), 1);
    for from in [2, 1, 0] {
        while mesh.deliver(3, from) {}
    }
    assert!(mesh.image(3).is_empty());
    mesh.settle();
    mesh.assert_converged();
}

#[test]
fn an_update_that_overtakes_its_insert_survives_it() {
    let mut mesh = Mesh::new(3, exact());
    mesh.commit(0, &edit(0), 1);
    mesh.deliver(1, 0);
    mesh.commit(1, &edit(0), 1);
    mesh.deliver(2, 1);
    assert_eq!(mesh.image(2)[&0].write, 1);
    mesh.deliver(2, 0);
    assert_eq!(mesh.image(2)[&0].write, 1, "the late insert does not undo it");
    mesh.settle();
    mesh.assert_converged();
    assert_eq!(mesh.writes[1].1, ChangeKind::Update);
}

#[test]
fn a_tombstone_stays_while_the_insert_it_overtook_is_on_its_way() {
    let mut mesh = Mesh::new(3, Settings::default());
    mesh.commit(0, &edit(0), 1);
    mesh.deliver(1, 0);
    mesh.commit(1, &delete(0), 1);
    mesh.deliver(2, 1);
    mesh.prune(2);
    mesh.deliver(2, 0);
    mesh.settle();
    mesh.assert_converged();
    assert!(mesh.image(2).is_empty(), "node 0 had not confirmed, so the tombstone stayed");
}

/// Node 0 deletes a row that node 2, cut off, has updated before. Node 1 has confirmed the delete.
#[test]
fn a_tombstone_stays_while_one_of_two_peers_is_cut_off() {
    let mut mesh = Mesh::new(3, Settings::default());
    mesh.commit(0, &edit(0), 1);
    mesh.settle();
    mesh.commit(2, &edit(0), 0);
    mesh.commit(0, &delete(0), 9);
    mesh.step(&Operation::Exchange { one: 0, other: 1 });
    mesh.prune(0);
    assert!(mesh.held(0, 0).is_some(), "node 2 has not confirmed");
    mesh.settle();
    mesh.assert_converged();
    assert!(mesh.image(0).is_empty());
    for other in 1..3 {
        mesh.step(&Operation::Exchange { one: 0, other });
    }
    mesh.prune(0);
    assert!(mesh.held(0, 0).is_none(), "now both have, and it goes");
}
