//! Many nodes.

use steep_sim::{Plan, Scene, run};

/// Messages that one node sends in an interval, in a calm group of that size.
fn sent_by_one(nodes: usize) -> f64 {
    let plan = Plan::new(5);
    let outcome = run(Plan { nodes: Some(nodes), scene: Some(Scene::Calm), ..plan });
    assert!(outcome.violation.is_none(), "{:?}", outcome.violation);
    let intervals = outcome.stats.lasted as f64 / Plan::INTERVAL as f64;
    outcome.stats.messages as f64 / intervals / nodes as f64
}

#[test]
fn a_hundred_nodes_elect_within_the_bound() {
    for seed in 1..=2 {
        let plan = Plan { nodes: Some(100), scene: Some(Scene::Calm), ..Plan::new(seed) };
        let outcome = run(plan);
        assert!(outcome.violation.is_none(), "{:?}", outcome.violation);
        let recovery = outcome.stats.recovery.expect("all nodes follow somebody");
        assert!(recovery < Plan::RECOVERY, "{recovery} µs");
        // To begin with, and to the best node if that one was not elected at once.
        assert!(outcome.stats.reigns <= 3, "{} reigns", outcome.stats.reigns);
    }
}

#[test]
fn traffic_of_a_node_grows_with_the_number_of_its_peers_and_no_faster() {
    for nodes in [10, 25, 50, 100] {
        // A ping to each peer and a pong to each peer, and what elections and vouching add.
        let per_peer = sent_by_one(nodes) / (nodes - 1) as f64;
        assert!((1.9..2.6).contains(&per_peer), "{nodes} nodes: {per_peer} for each peer");
    }
}
