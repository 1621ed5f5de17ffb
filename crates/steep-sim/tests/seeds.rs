//! Every invariant, over many seeds.

use std::num::NonZero;
use std::thread;
use steep_sim::{Outcome, Plan, Scene, Summary, run, run_all};

const SEEDS: u64 = 10_000;

fn all(plan: Plan, seeds: u64) -> Summary {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let summary = run_all(plan, seeds, threads, |_| {});
    if let Some(violated) = summary.violated {
        let Outcome { violation, trace, .. } = run(Plan { traced: true, ..violated });
        let command = run(violated).command();
        panic!("{trace}\n{}\nreplay it with: {command}", violation.expect("it was violated"));
    }
    assert_eq!(summary.seeds, seeds);
    summary
}

#[test]
fn two_to_seven_nodes_keep_every_invariant() {
    let summary = all(Plan::new(1), SEEDS);
    // A simulation in which nothing happens proves nothing.
    assert!(summary.reigns > 2 * SEEDS, "{summary:?}");
    assert!(summary.alone > SEEDS / 10, "{summary:?}");
    assert!(summary.commands > SEEDS / 2, "{summary:?}");
}

#[test]
fn two_nodes_keep_every_invariant() {
    all(Plan { nodes: Some(2), ..Plan::new(1_000_000) }, SEEDS / 10);
}

#[test]
fn a_node_that_returns_disturbs_nobody() {
    for nodes in 2..=7 {
        let plan = Plan::new(2_000_000);
        all(Plan { nodes: Some(nodes), scene: Some(Scene::Return), ..plan }, 50);
    }
}

#[test]
fn a_calm_group_elects_its_best_node_and_keeps_it() {
    for nodes in 1..=7 {
        let plan = Plan::new(3_000_000);
        all(Plan { nodes: Some(nodes), scene: Some(Scene::Calm), ..plan }, 50);
    }
}

#[test]
fn a_cut_in_one_direction_makes_no_group_restless() {
    for nodes in 2..=5 {
        for from in 0..nodes {
            for to in (0..nodes).filter(|to| *to != from) {
                let scene = Some(Scene::OneWay { from, to });
                all(Plan { nodes: Some(nodes), scene, ..Plan::new(4_000_000) }, 10);
            }
        }
    }
}
