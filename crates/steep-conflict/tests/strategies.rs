//! What each strategy but the default promises, and counterexamples to what it does not.
#![allow(clippy::unwrap_used, reason = "a test may stop where its own set-up is wrong")]

mod mesh;

use mesh::{Edit, Mesh, Operation, Profile, Settings, config, operations};
use proptest::prelude::*;
use std::collections::BTreeSet;
use steep_conflict::{Convergence, Detection, Resolution, Strategy as Rule};

const SINGLE: Profile = Profile {
    unique: false,
    beats: false,
    redelivery: false,
    freeze: false,
    ticking: true,
    single: true,
};

fn using(strategy: Rule) -> Settings {
    Settings { strategy, detection: Detection::Exact, ..Settings::default() }
}

fn edit(key: u8) -> Vec<Edit> {
    vec![Edit { key, delete: false, unique: [None; 2] }]
}

/// Rounds: within one, each node writes each row at most once and delivery is as it comes; then
/// everything is delivered.
fn run_in_rounds(mesh: &mut Mesh, ops: &[Operation], per_round: usize) {
    for round in ops.chunks(per_round) {
        let mut written = BTreeSet::new();
        // All of a round's writes are made over the rows all nodes had when it began.
        for op in round {
            if let Operation::Commit { at, edits, .. } = op
                && written.insert((at % mesh.size(), edits[0].key))
            {
                mesh.step(op);
            }
        }
        for op in round.iter().filter(|op| !matches!(op, Operation::Commit { .. })) {
            mesh.step(op);
        }
        mesh.settle();
    }
}

proptest! {
    #![proptest_config(config(600))]

    #[test]
    fn node_priority_converges_for_two_nodes_when_keys_are_not_reused(
        ops in operations(SINGLE),
        reversed: bool,
    ) {
        let priorities = if reversed { [90, 10, 0, 0] } else { [10, 90, 0, 0] };
        let settings = Settings { priorities, keys_are_fresh: true, ..using(Rule::NodePriority) };
        let mesh = Mesh::run(2, settings, &ops);
        mesh.assert_converged();
        mesh.assert_nothing_pending();
    }

    #[test]
    fn node_priority_and_first_write_converge_in_rounds_on_any_number_of_nodes(
        size in 2..=4_usize,
        ops in operations(SINGLE),
        per_round in 4..16_usize,
    ) {
        for strategy in [Rule::NodePriority, Rule::FirstWriteWins] {
            let mut mesh = Mesh::new(size, using(strategy));
            run_in_rounds(&mut mesh, &ops, per_round);
            mesh.assert_converged();
            mesh.assert_nothing_pending();
        }
    }

    #[test]
    fn sequential_writes_pass_under_every_strategy_without_a_conflict(
        size in 2..=4_usize,
        ops in operations(SINGLE),
    ) {
        for strategy in Rule::ALL {
            let mut mesh = Mesh::new(size, using(strategy));
            for op in ops.iter().filter(|op| matches!(op, Operation::Commit { .. })) {
                mesh.step(op);
                mesh.settle();
                mesh.assert_converged();
            }
            prop_assert_eq!(mesh.log_len(), 0, "{}", strategy);
        }
    }

    #[test]
    fn manual_leaves_every_local_row_until_someone_decides(
        at in 0..2_usize,
        rows in 1..4_u8,
    ) {
        let mut mesh = Mesh::new(2, using(Rule::Manual));
        for key in 0..rows {
            mesh.commit(0, &edit(key), 1);
            mesh.commit(1, &edit(key), 1);
        }
        let before = mesh.image(at);
        mesh.settle();
        prop_assert_eq!(mesh.image(at), before);
        let pending = |logged: &mesh::Logged| logged.conflict.resolution == Resolution::Pending;
        prop_assert_eq!(mesh.nodes[at].log.iter().filter(|logged| pending(logged)).count(), usize::from(rows));
    }

    #[test]
    fn a_resolution_that_saw_everything_makes_the_nodes_equal(
        size in 2..=4_usize,
        ops in operations(SINGLE),
        at in 0..4_usize,
    ) {
        let mut mesh = Mesh::run(size, using(Rule::Manual), &ops);
        for key in 0..4 {
            mesh.resolve(at % size, key);
        }
        mesh.settle();
        mesh.assert_converged();
    }
}

/// Node 0 writes twice before it hears of node 1, whose write lies between the two.
fn chain(strategy: Rule) -> Mesh {
    let mut mesh = Mesh::new(2, using(strategy));
    mesh.commit(0, &edit(0), 0);
    mesh.commit(1, &edit(0), 2);
    mesh.commit(0, &edit(0), 5);
    mesh.settle();
    mesh
}

#[test]
fn first_write_wins_does_not_survive_two_writes_in_a_row_even_on_two_nodes() {
    assert!(!chain(Rule::FirstWriteWins).converged());
    assert_eq!(Rule::FirstWriteWins.convergence(), Convergence::OneRound);
    chain(Rule::NodePriority).assert_converged();
    chain(Rule::LastWriteWins).assert_converged();
}

/// A key that one node inserts and deletes while the other inserts it, too: an insert has no old
/// row, so nothing says whether it was made over that tombstone.
#[test]
fn node_priority_does_not_survive_a_key_used_twice_even_on_two_nodes() {
    let mut mesh = Mesh::new(2, using(Rule::NodePriority));
    mesh.commit(1, &edit(0), 1);
    mesh.commit(1, &[Edit { key: 0, delete: true, unique: [None; 2] }], 1);
    mesh.commit(0, &edit(0), 3);
    mesh.settle();
    assert!(!mesh.converged());
}

#[test]
fn node_priority_does_not_survive_a_third_node_writing_over_the_winner() {
    let mut mesh =
        Mesh::new(3, Settings { priorities: [90, 50, 10, 0], ..using(Rule::NodePriority) });
    mesh.commit(0, &edit(0), 1);
    mesh.commit(1, &edit(0), 1);
    mesh.deliver(2, 0);
    mesh.commit(2, &edit(0), 1);
    mesh.deliver(0, 2);
    mesh.settle();
    assert!(!mesh.converged());
    assert_eq!(Rule::NodePriority.convergence(), Convergence::TwoNodes);
}

#[test]
fn keep_local_and_apply_remote_part_the_nodes() {
    for strategy in [Rule::KeepLocal, Rule::ApplyRemote] {
        let mut mesh = Mesh::new(2, using(strategy));
        mesh.commit(0, &edit(0), 1);
        mesh.commit(1, &edit(0), 1);
        mesh.settle();
        assert!(!mesh.converged());
        assert_eq!(strategy.convergence(), Convergence::Never);
    }
}
