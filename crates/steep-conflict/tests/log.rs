//! What the conflict log holds: every concurrent loser, and nothing from a sequential history.
#![allow(clippy::unwrap_used, reason = "a test may stop where its own set-up is wrong")]

mod mesh;

use mesh::{Edit, Mesh, Operation, Profile, Settings, config, operations};
use proptest::prelude::*;
use steep_conflict::{ChangeKind, Detection, Resolution};

fn detecting(detection: Detection) -> Settings {
    Settings { detection, ..Settings::default() }
}

const PLAIN: Profile = Profile {
    unique: false,
    beats: true,
    redelivery: false,
    freeze: false,
    ticking: false,
    single: false,
};

proptest! {
    #![proptest_config(config(600))]

    /// A losing head is a write that no later write of its key knew of, and that did not win. A
    /// delete is no loss where the winner, or all there was, is a delete, too.
    #[test]
    fn every_concurrent_loser_is_in_somebodys_log(
        size in 2..=4_usize,
        ops in operations(PLAIN),
    ) {
        for detection in [Detection::Default, Detection::Exact] {
            let mesh = Mesh::run(size, detecting(detection), &ops);
            let (winners, logged) = (mesh.winners(), mesh.logged_losers());
            for loser in mesh.losing_heads() {
                let (key, kind, _) = &mesh.writes[loser as usize];
                if *kind != ChangeKind::Delete {
                    prop_assert!(logged.contains(&loser), "{detection}: write {loser} is missing");
                } else if winners[key].kind == ChangeKind::Update {
                    prop_assert!(logged.contains(&loser), "{detection}: delete {loser} is missing");
                }
            }
        }
    }

    #[test]
    fn a_sequential_history_logs_nothing_with_exact_detection(
        size in 2..=4_usize,
        ops in operations(PLAIN),
    ) {
        let mut mesh = Mesh::new(size, detecting(Detection::Exact));
        for op in ops.iter().filter(|op| matches!(op, Operation::Commit { .. })) {
            mesh.step(op);
            mesh.settle();
        }
        prop_assert_eq!(mesh.log_len(), 0);
    }

    #[test]
    fn a_sequential_history_logs_nothing_by_default_once_heartbeats_went_round(
        size in 2..=4_usize,
        ops in operations(PLAIN),
    ) {
        let mut mesh = Mesh::new(size, detecting(Detection::Default));
        for op in ops.iter().filter(|op| matches!(op, Operation::Commit { .. })) {
            mesh.step(op);
            // One round carries every node's snapshot out, the second one carries the echoes back.
            for _ in 0..2 {
                (0..size).for_each(|at| mesh.beat(at));
                mesh.settle();
            }
        }
        prop_assert_eq!(mesh.log_len(), 0);
    }

    #[test]
    fn a_heartbeat_never_hides_a_conflict(
        size in 2..=4_usize,
        ops in operations(PLAIN),
    ) {
        // With two nodes nothing overtakes, so what exact detection logs are the true conflicts.
        let with_beats = Mesh::run(size.min(2), detecting(Detection::Default), &ops);
        let exact = Mesh::run(size.min(2), detecting(Detection::Exact), &ops);
        prop_assert!(exact.logged_losers().is_subset(&with_beats.logged_losers()));
    }

    #[test]
    fn one_node_writing_alone_is_never_in_conflict(
        size in 2..=4_usize,
        ops in operations(PLAIN),
    ) {
        let mut mesh = Mesh::new(size, detecting(Detection::Default));
        for op in &ops {
            match op {
                Operation::Commit { edits, tick, .. } => mesh.commit(0, edits, *tick),
                op => mesh.step(op),
            }
        }
        mesh.settle();
        prop_assert_eq!(mesh.log_len(), 0);
    }
}

fn edit(key: u8) -> Vec<Edit> {
    vec![Edit { key, delete: false, unique: [None; 2] }]
}

#[test]
fn a_conflict_of_two_is_logged_by_both_and_says_the_same() {
    let mut mesh = Mesh::new(2, Settings::default());
    mesh.commit(0, &edit(0), 1);
    mesh.commit(1, &edit(0), 2);
    mesh.settle();
    let entries = mesh.nodes.iter().map(|node| (node.log.len(), node.log[0].loser));
    assert_eq!(entries.collect::<Vec<_>>(), [(1, 0), (1, 0)]);
    assert_eq!(mesh.nodes[0].log[0].conflict.resolution, Resolution::AppliedRemote);
    assert_eq!(mesh.nodes[1].log[0].conflict.resolution, Resolution::KeptLocal);
}

/// The price of having no vector clocks: a change that arrives before the one it was made over
/// looks concurrent. The outcome is right, the entry is one too many.
#[test]
fn an_overtaken_change_of_a_third_node_may_be_logged_though_nothing_was_concurrent() {
    let mut mesh = Mesh::new(3, detecting(Detection::Exact));
    mesh.commit(0, &edit(0), 1);
    mesh.deliver(1, 0);
    mesh.commit(1, &edit(0), 1);
    mesh.deliver(2, 1);
    mesh.deliver(2, 0);
    assert_eq!(mesh.nodes[2].log.len(), 1);
    mesh.settle();
    mesh.assert_converged();
}
