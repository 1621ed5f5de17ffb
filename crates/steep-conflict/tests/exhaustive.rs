//! Every interleaving of every small history: no sampling.
#![allow(clippy::unwrap_used, reason = "a test may stop where its own set-up is wrong")]

mod mesh;

use mesh::{Edit, Mesh, Settings};
use std::collections::BTreeSet;

/// One write of a history: where, and what.
#[derive(Clone, Copy, Debug)]
struct Step {
    at: usize,
    edit: Edit,
    tick: i64,
}

/// Runs all interleavings of the steps (in their order) with all deliveries and checks each end.
/// Equal states reached by different ways are followed once.
fn explore(size: usize, settings: Settings, steps: &[Step], check: &dyn Fn(&Mesh)) -> usize {
    let mut open = vec![(Mesh::new(size, settings), 0)];
    let (mut seen, mut ends) = (BTreeSet::new(), 0);
    while let Some((mesh, done)) = open.pop() {
        let mut moved = false;
        let mut follow = |next: Mesh, done| {
            moved = true;
            if seen.insert(format!("{done}{:?}{:?}", next.nodes, next.streams)) {
                open.push((next, done));
            }
        };
        if let Some(step) = steps.get(done) {
            let mut next = mesh.clone();
            next.commit(step.at, &[step.edit], step.tick);
            follow(next, done + 1);
        }
        for (to, from) in (0..size).flat_map(|to| (0..size).map(move |from| (to, from))) {
            let mut next = mesh.clone();
            if next.deliver(to, from) {
                follow(next, done);
            }
        }
        if !moved {
            ends += 1;
            check(&mesh);
        }
    }
    ends
}

/// All histories of `len` steps over the given edits and nodes.
fn histories(size: usize, len: u32, edits: &[Edit]) -> impl Iterator<Item = Vec<Step>> {
    let choices: Vec<Step> = (0..size)
        .flat_map(|at| edits.iter().map(move |edit| Step { at, edit: *edit, tick: 0 }))
        .collect();
    (0..choices.len().pow(len)).map(move |mut code| {
        let step = |_| {
            let step = choices[code % choices.len()];
            code /= choices.len();
            step
        };
        (0..len).map(step).collect()
    })
}

fn write(key: u8, value: Option<u8>) -> Edit {
    Edit { key, delete: false, unique: [value, None] }
}

fn delete(key: u8) -> Edit {
    Edit { key, delete: true, unique: [None; 2] }
}

fn check_registers(mesh: &Mesh) {
    mesh.assert_converged();
    mesh.assert_unique();
    mesh.assert_nothing_pending();
    assert_eq!(mesh.image(0), mesh.expected());
}

#[test]
fn three_writes_of_one_row_on_two_nodes_in_all_orders() {
    let mut ends = 0;
    for steps in histories(2, 3, &[write(0, None), delete(0)]) {
        ends += explore(2, Settings::default(), &steps, &check_registers);
    }
    assert!(ends > 100, "{ends} ends");
}

#[test]
fn three_writes_of_one_row_on_three_nodes_in_all_orders() {
    let mut ends = 0;
    for first in 0..3 {
        for (second, third) in [(0, 1), (1, 2), (2, 1), (1, 0)] {
            for last in [write(0, None), delete(0)] {
                let nodes = [first, (first + second) % 3, (first + third) % 3];
                let edits = [write(0, None), write(0, None), last];
                let steps: Vec<_> = nodes
                    .into_iter()
                    .zip(edits)
                    .map(|(at, edit)| Step { at, edit, tick: 0 })
                    .collect();
                ends += explore(3, Settings::default(), &steps, &check_registers);
            }
        }
    }
    assert!(ends > 100, "{ends} ends");
}

#[test]
fn two_rows_and_one_unique_value_on_two_nodes_in_all_orders() {
    let edits = [write(0, Some(1)), write(1, Some(1)), delete(0)];
    let mut ends = 0;
    for steps in histories(2, 3, &edits) {
        ends += explore(2, Settings::default(), &steps, &check_registers);
    }
    assert!(ends > 100, "{ends} ends");
}

#[test]
fn three_rows_want_one_unique_value_on_three_nodes_in_all_orders() {
    for ticks in [[0, 0, 0], [0, 1, 2], [2, 1, 0]] {
        let steps: Vec<_> = (0_u8..3)
            .map(|key| Step {
                at: usize::from(key),
                edit: write(key, Some(1)),
                tick: ticks[usize::from(key)],
            })
            .collect();
        explore(3, Settings::default(), &steps, &check_registers);
    }
}
