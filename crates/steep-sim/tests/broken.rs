//! Each invariant can be violated: by a driver that breaks the contract in a way of its own.

use steep_sim::{Broken, Invariant, Plan, run};

/// The first of so many seeds by which the invariant finds out, and what it says.
fn found(broken: Broken, invariant: Invariant, nodes: Option<usize>, seeds: u64) -> String {
    for seed in 1..=seeds {
        let outcome = run(Plan { nodes, broken: Some(broken), ..Plan::new(seed) });
        if let Some(violation) = outcome.violation.filter(|one| one.invariant == invariant) {
            return violation.to_string();
        }
    }
    panic!("{invariant} does not notice {broken} in {seeds} seeds")
}

#[test]
fn a_voter_that_votes_for_everybody_is_noticed() {
    let what = found(Broken::VotesForEverybody, Invariant::OnePerTerm, None, 500);
    assert!(what.contains("were both elected in term"), "{what}");
}

#[test]
fn a_voter_that_forgets_its_vote_is_noticed() {
    found(Broken::ForgetsItsVote, Invariant::OneActsWithQuorum, None, 5_000);
}

#[test]
fn a_voter_that_forgets_its_promise_is_noticed() {
    found(Broken::ForgetsItsPromise, Invariant::OneActsWithQuorum, None, 5_000);
}

#[test]
fn a_coordinator_that_does_not_look_at_the_clock_is_noticed() {
    found(Broken::IgnoresItsLease, Invariant::OneActsWithQuorum, None, 500);
}

#[test]
fn clocks_beyond_the_bound_are_noticed() {
    found(Broken::ClocksBeyondTheBound, Invariant::OneActsWithQuorum, None, 2_000);
}

#[test]
fn a_coordinator_that_grants_what_is_not_its_own_is_noticed() {
    found(Broken::GrantsAnything, Invariant::NoOverlap, None, 500);
}

#[test]
fn a_driver_that_forgets_the_timer_is_noticed() {
    found(Broken::ForgetsTheTimer, Invariant::AliveAgain, None, 20);
}

#[test]
fn elections_without_pre_vote_are_noticed() {
    found(Broken::NoPreVote, Invariant::NoFlapping, None, 500);
}

#[test]
fn a_membership_out_of_thin_air_is_noticed() {
    found(Broken::EditsTheMembership, Invariant::MembershipIsLinear, None, 100);
}

#[test]
fn a_driver_that_does_not_wait_for_the_disk_is_noticed() {
    found(Broken::DoesNotWaitForTheDisk, Invariant::WrittenBeforeSent, None, 20);
}

#[test]
fn every_broken_driver_has_a_name_that_can_be_typed() {
    for broken in Broken::all() {
        assert_eq!(broken.to_string().parse(), Ok(broken));
    }
    assert!("honest".parse::<Broken>().is_err());
}
