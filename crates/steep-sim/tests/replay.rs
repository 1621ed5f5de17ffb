//! The simulation itself: a seed is a run, to the last byte.

use steep_sim::{Broken, Plan, run};

#[test]
fn a_seed_has_the_same_trace_byte_for_byte() {
    for seed in 1..=30 {
        let plan = Plan { traced: true, ..Plan::new(seed) };
        let (first, second) = (run(plan), run(plan));
        assert!(first.trace.len() > 1_000, "{}", first.trace);
        assert!(first.trace == second.trace, "seed {seed} has two traces");
    }
}

#[test]
fn seeds_differ() {
    let trace = |seed| run(Plan { traced: true, ..Plan::new(seed) }).trace;
    assert!(trace(1) != trace(2));
}

#[test]
fn a_violation_is_the_same_when_it_is_replayed_with_its_trace() {
    let plan = Plan { broken: Some(Broken::ForgetsTheTimer), ..Plan::new(1) };
    let first = run(plan);
    let violation = first.violation.as_ref().expect("this driver is noticed at once").to_string();
    let again = run(Plan { traced: true, ..plan });
    assert_eq!(again.violation.map(|one| one.to_string()), Some(violation));
    assert!(again.trace.contains("VIOLATED"), "{}", again.trace);
    assert_eq!(
        first.command(),
        "cargo xtask sim --seeds 1 --seed 1 --broken forgets-the-timer --trace"
    );
}
