//! Theorem 2: with secondary unique keys all nodes still end with the same rows, whatever the order
//! of arrival; and Theorem 3: a history that was sequential loses nothing to passing collisions.
#![allow(clippy::unwrap_used, reason = "a test may stop where its own set-up is wrong")]

mod mesh;

use mesh::{Edit, Mesh, Operation, Profile, Retraction, Settings, config, operations};
use proptest::prelude::*;

const UNIQUE: Profile = Profile {
    unique: true,
    beats: false,
    redelivery: false,
    freeze: false,
    ticking: false,
    single: false,
};

fn row(key: u8, value: u8) -> Vec<Edit> {
    vec![Edit { key, delete: false, unique: [Some(value), None] }]
}

fn published_as(retraction: Retraction) -> Settings {
    Settings { retraction, ..Settings::default() }
}

/// Runs the operations so that each write is made by a node that has applied all before it, while
/// the others lag as they like. Returns what the rows must be in the end.
fn run_sequentially(mesh: &mut Mesh, ops: &[Operation]) -> mesh::Image {
    let mut truth = mesh::Image::new();
    for op in ops {
        if let Operation::Commit { at, .. } = op {
            let at = at % mesh.size();
            mesh.catch_up(at);
            mesh.step(op);
            truth = mesh.image(at);
        } else {
            mesh.step(op);
        }
    }
    mesh.settle();
    truth
}

proptest! {
    #![proptest_config(config(600))]

    #[test]
    fn nodes_converge_and_no_value_is_held_twice(
        size in 2..=4_usize,
        ops in operations(UNIQUE),
    ) {
        let mut mesh = Mesh::new(size, Settings::default());
        for op in &ops {
            mesh.step(op);
            mesh.assert_unique();
        }
        mesh.settle();
        mesh.assert_unique();
        mesh.assert_converged();
        prop_assert_eq!(mesh.image(0), mesh.expected());
        mesh.assert_nothing_pending();
    }

    #[test]
    fn nodes_converge_with_heartbeats_and_pruning(
        size in 2..=4_usize,
        ops in operations(Profile { beats: true, ..UNIQUE }),
    ) {
        let mesh = Mesh::run(size, Settings::default(), &ops);
        mesh.assert_unique();
        mesh.assert_converged();
        prop_assert_eq!(mesh.image(0), mesh.expected());
    }

    /// Ticking: a retraction that meets a row of unknown version goes by the row's values, which
    /// cannot tell apart two writes of one origin within one microsecond.
    #[test]
    fn nodes_converge_with_frozen_rows(
        size in 2..=4_usize,
        ops in operations(Profile { freeze: true, ticking: true, ..UNIQUE }),
    ) {
        let mesh = Mesh::run(size, Settings::default(), &ops);
        mesh.assert_unique();
        mesh.assert_converged();
        mesh.assert_nothing_pending();
    }

    #[test]
    fn nodes_converge_under_redelivery(
        size in 2..=4_usize,
        ops in operations(Profile { redelivery: true, ..UNIQUE }),
    ) {
        let mesh = Mesh::run(size, Settings::default(), &ops);
        mesh.assert_unique();
        mesh.assert_converged();
        prop_assert_eq!(mesh.image(0), mesh.expected());
    }

    #[test]
    fn nodes_converge_with_ordinary_deletes_too(
        size in 2..=4_usize,
        ops in operations(UNIQUE),
    ) {
        let mesh = Mesh::run(size, published_as(Retraction::OrdinaryDelete), &ops);
        mesh.assert_unique();
        mesh.assert_converged();
    }

    #[test]
    fn a_sequential_history_loses_nothing_to_changes_that_overtake(
        size in 2..=4_usize,
        ops in operations(Profile { ticking: true, ..UNIQUE }),
    ) {
        let mut mesh = Mesh::new(size, Settings::default());
        let truth = run_sequentially(&mut mesh, &ops);
        mesh.assert_converged();
        prop_assert_eq!(mesh.image(0), truth);
    }

    #[test]
    fn of_all_rows_that_want_a_value_the_newest_is_retracted_only_by_a_newer_one(
        size in 2..=4_usize,
        ops in operations(UNIQUE),
    ) {
        let mesh = Mesh::run(size, Settings::default(), &ops);
        let sent: Vec<_> = mesh.streams.iter().flatten().flat_map(|tx| &tx.changes).collect();
        let wants = |a: &mesh::Row, b: &mesh::Row| (0..2).any(|i| a.unique[i].is_some() && a.unique[i] == b.unique[i]);
        for lost in sent.iter().filter(|sent| sent.kind == steep_conflict::ChangeKind::Retract) {
            let row = lost.row.unwrap();
            prop_assert!(sent.iter().any(|other| {
                other.key != lost.key && other.version >= lost.version
                    && other.kind != steep_conflict::ChangeKind::Retract
                    && other.row.is_some_and(|other| wants(&other, &row))
            }), "{lost:?} was retracted for nobody");
        }
    }
}

/// Three nodes: 0 gives key 0 the value; 1 moves it on; 2, having seen that, gives the value to
/// key 1. At node 3 the last one arrives first.
fn overtaken_hand_over(retraction: Retraction) -> Mesh {
    let mut mesh = Mesh::new(4, published_as(retraction));
    mesh.commit(0, &row(0, 7), 1);
    for to in 1..4 {
        mesh.deliver(to, 0);
    }
    mesh.commit(1, &row(0, 8), 1);
    mesh.deliver(2, 1);
    mesh.commit(2, &row(1, 7), 1);
    mesh.deliver(3, 2);
    assert!(!mesh.image(3).contains_key(&0), "for now the row is gone: its value was taken");
    mesh.settle();
    mesh.assert_converged();
    mesh
}

#[test]
fn a_row_retracted_too_soon_comes_back_with_its_newer_version() {
    let mesh = overtaken_hand_over(Retraction::Withdraw);
    assert_eq!(mesh.image(3)[&0].unique[0], Some(8));
}

#[test]
fn an_ordinary_delete_in_place_of_a_retraction_would_lose_that_row() {
    let mesh = overtaken_hand_over(Retraction::OrdinaryDelete);
    assert!(!mesh.image(3).contains_key(&0), "the nodes agree, on losing a row nobody contended");
}

/// Key 0 at node 0 and key 1 at node 1 want one value; node 1 then lets go of it. Node 2 hears of
/// node 1 first and never sees the contest.
fn contest_one_node_never_sees(retraction: Retraction) -> Mesh {
    let mut mesh = Mesh::new(3, published_as(retraction));
    mesh.commit(0, &row(0, 7), 0);
    mesh.commit(1, &row(1, 7), 2);
    mesh.deliver(0, 1);
    mesh.commit(1, &row(1, 8), 1);
    mesh.deliver(2, 1);
    mesh.deliver(2, 1);
    mesh.deliver(2, 0);
    assert!(mesh.image(2).contains_key(&0), "nothing contends here");
    mesh.settle();
    mesh
}

#[test]
fn a_published_retraction_reaches_the_node_that_never_saw_the_contest() {
    contest_one_node_never_sees(Retraction::Withdraw).assert_converged();
}

#[test]
fn a_retraction_that_is_not_published_leaves_the_nodes_apart() {
    assert!(!contest_one_node_never_sees(Retraction::Unpublished).converged());
}

#[test]
fn a_retraction_that_arrives_before_its_row_keeps_it_away() {
    let mut mesh = Mesh::new(3, Settings::default());
    mesh.commit(0, &row(0, 7), 0);
    mesh.commit(1, &row(1, 7), 2);
    mesh.deliver(1, 0);
    while mesh.deliver(2, 1) {}
    assert!(!mesh.image(2).contains_key(&0) && mesh.held(2, 0).is_some(), "a tombstone waits");
    mesh.deliver(2, 0);
    assert!(!mesh.image(2).contains_key(&0));
    mesh.settle();
    mesh.assert_converged();
}

#[test]
fn a_newer_write_of_the_loser_that_arrives_later_brings_it_back() {
    let mut mesh = Mesh::new(2, Settings::default());
    mesh.commit(0, &row(0, 7), 0);
    mesh.commit(1, &row(1, 7), 2);
    mesh.deliver(1, 0);
    mesh.commit(0, &row(0, 9), 5);
    mesh.settle();
    mesh.assert_converged();
    assert_eq!(mesh.image(0).len(), 2);
}

/// What is not promised: which rows survive is the same on all nodes, but not a function of the
/// writes alone. Here key 1 beats key 0 and loses to key 2; whether key 0 dies depends on whether
/// anyone met it with key 1 before key 1 died.
#[test]
fn how_many_rows_survive_a_chain_of_contests_depends_on_the_order_of_arrival() {
    let survivors = |first: &[(usize, usize)]| {
        let mut mesh = Mesh::new(3, Settings::default());
        mesh.commit(0, &row(0, 7), 0);
        mesh.commit(1, &[Edit { key: 1, delete: false, unique: [Some(7), Some(1)] }], 1);
        mesh.commit(2, &[Edit { key: 2, delete: false, unique: [None, Some(1)] }], 2);
        for (to, from) in first {
            mesh.deliver(*to, *from);
        }
        mesh.settle();
        mesh.assert_converged();
        mesh.assert_unique();
        mesh.image(0).len()
    };
    assert_eq!(survivors(&[(0, 1)]), 1, "key 0 met key 1 first: both die, in the end");
    assert_eq!(survivors(&[(1, 2), (0, 2)]), 2, "key 1 died of key 2 before it met key 0 anywhere");
}
