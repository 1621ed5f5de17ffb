//! D9: decisions of several nodes, in any order.

mod arbitrary;

use arbitrary::config;
use proptest::prelude::*;
use proptest::sample::select;
use steep_ddl::{
    Arrival, Class, Decision, Entry, Fingerprint, Fit, Heard, Status, StatusError, Step, Verdict,
    class_here,
};
use steep_types::{CommitTs, NodeId};

fn node(nth: u8) -> NodeId {
    format!("n{nth}").parse().expect("a valid id")
}

fn decision(at: i64, by: u8, verdict: Verdict) -> Decision {
    Decision { at: CommitTs::from_micros(at), node: node(by), verdict }
}

fn any_decision() -> impl Strategy<Value = Decision> {
    let verdict = select(vec![Verdict::Approve, Verdict::Reject]);
    (0..4_i64, 0..3_u8, verdict).prop_map(|(at, by, verdict)| decision(at, by, verdict))
}

/// What can happen to an entry on a node.
#[derive(Clone, Copy, Debug)]
enum Event {
    Hear(usize),
    Apply,
    Fail,
    Retry,
    Skip,
}

fn any_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (0..8_usize).prop_map(Event::Hear),
        1 => Just(Event::Apply),
        1 => Just(Event::Fail),
        1 => Just(Event::Retry),
        1 => Just(Event::Skip),
    ]
}

fn happen(entry: &mut Entry, event: Event, decisions: &[Decision]) {
    // What cannot happen is refused, and changes nothing.
    let before = entry.clone();
    let outcome = match event {
        Event::Hear(nth) => {
            entry.hear(decisions[nth % decisions.len()].clone());
            return;
        }
        Event::Apply => entry.applied(),
        Event::Fail => entry.failed(),
        Event::Retry => entry.retry(),
        Event::Skip => entry.skip(),
    };
    match outcome {
        Ok(()) => assert!(before.status().may_become(entry.status())),
        Err(_) => assert_eq!(*entry, before),
    }
}

fn any_class() -> impl Strategy<Value = Class> {
    select(vec![Class::AutoApply, Class::RequireApproval])
}

proptest! {
    #![proptest_config(config(2000))]

    #[test]
    fn merging_is_commutative_associative_and_idempotent(
        a in any_decision(), b in any_decision(), c in any_decision(),
    ) {
        let merge = |one: &Decision, other: &Decision| one.clone().merge(other.clone());
        prop_assert_eq!(merge(&a, &b), merge(&b, &a));
        prop_assert_eq!(merge(&merge(&a, &b), &c), merge(&a, &merge(&b, &c)));
        prop_assert_eq!(merge(&a, &a), a);
    }

    #[test]
    fn nodes_that_have_heard_the_same_agree(
        class in any_class(),
        decisions in prop::collection::vec(any_decision(), 1..8),
        histories in prop::collection::vec(prop::collection::vec(any_event(), 0..12), 3),
        order in any::<prop::sample::Index>(),
    ) {
        let nodes: Vec<Entry> = histories.iter().map(|history| {
            let mut entry = Entry::arrived(class);
            history.iter().for_each(|event| happen(&mut entry, *event, &decisions));
            // In the end each has heard them all, from another one on.
            let start = order.index(decisions.len());
            for nth in 0..decisions.len() {
                entry.hear(decisions[(start + nth) % decisions.len()].clone());
            }
            entry
        }).collect();
        let counts = decisions.iter().min();
        for (entry, history) in nodes.iter().zip(&histories) {
            prop_assert_eq!(entry.decision(), counts);
            let was_tried = history.iter().any(|event| !matches!(event, Event::Hear(_)));
            let expected = match entry.verdict() {
                Some(Verdict::Approve) => Status::Approved,
                _ => Status::Rejected,
            };
            prop_assert!(was_tried || entry.status() == expected, "{:?}", entry);
        }
    }

    #[test]
    fn what_is_recorded_is_read_back(
        class in any_class(),
        decisions in prop::collection::vec(any_decision(), 1..8),
        history in prop::collection::vec(any_event(), 0..12),
    ) {
        let mut entry = Entry::arrived(class);
        for event in history {
            happen(&mut entry, event, &decisions);
            let decision = entry.decision().cloned();
            let again = Entry::recorded(class, entry.status(), decision);
            prop_assert_eq!(again, Ok(entry.clone()));
        }
    }

    /// Nothing is carried out unless it may be: the entry refuses, whatever happened before.
    #[test]
    fn what_nobody_approved_is_never_applied(
        decisions in prop::collection::vec(any_decision(), 1..8),
        history in prop::collection::vec(any_event(), 0..12),
    ) {
        let mut entry = Entry::arrived(Class::RequireApproval);
        let mut was_approved = false;
        for event in history {
            happen(&mut entry, event, &decisions);
            was_approved |= entry.status() == Status::Approved;
            prop_assert!(was_approved || !matches!(entry.status(), Status::Applied | Status::Failed));
        }
    }
}

#[test]
fn approval_and_rejection_at_the_same_moment_end_the_same_everywhere() {
    let approved = decision(7, 0, Verdict::Approve);
    let rejected = decision(7, 1, Verdict::Reject);
    let mut one = Entry::arrived(Class::RequireApproval);
    assert_eq!(one.hear(approved.clone()), Heard::Now(Status::Approved));
    assert_eq!(one.hear(rejected.clone()), Heard::NothingNew);
    let mut other = Entry::arrived(Class::RequireApproval);
    assert_eq!(other.hear(rejected), Heard::Now(Status::Rejected));
    assert_eq!(other.hear(approved), Heard::Now(Status::Approved));
    assert_eq!(one, other);
}

#[test]
fn an_earlier_rejection_that_comes_too_late_is_seen() {
    let mut entry = Entry::arrived(Class::RequireApproval);
    entry.hear(decision(7, 0, Verdict::Approve));
    entry.applied().expect("it was approved");
    assert!(!entry.is_contradicted());
    assert_eq!(entry.hear(decision(6, 1, Verdict::Reject)), Heard::TooLate);
    assert_eq!(entry.status(), Status::Applied);
    assert!(entry.is_contradicted());
}

#[test]
fn a_failed_statement_waits_for_a_person() {
    let mut entry = Entry::arrived(Class::AutoApply);
    entry.failed().expect("it could be tried");
    let refused = StatusError { from: Status::Failed, to: Status::Applied };
    assert_eq!(entry.applied(), Err(refused));
    assert_eq!(refused.to_string(), "a statement that is FAILED cannot become APPLIED");
    entry.retry().expect("it has failed");
    entry.failed().expect("it was tried again");
    entry.skip().expect("it has failed");
    assert_eq!(entry.status(), Status::Rejected);
    // Approval of what everybody tries anyway does not bring it back.
    assert_eq!(entry.hear(decision(7, 0, Verdict::Approve)), Heard::Now(Status::Rejected));
    assert!(entry.retry().is_err());
}

#[test]
fn a_status_that_cannot_be_is_not_read() {
    let approved = || Some(decision(7, 0, Verdict::Approve));
    for (class, status, decision) in [
        (Class::RequireApproval, Status::Applied, None),
        (Class::RequireApproval, Status::Pending, approved()),
        (Class::AutoApply, Status::Pending, None),
    ] {
        assert!(Entry::recorded(class, status, decision).is_err(), "{class} {status}");
    }
}

#[test]
fn a_peer_applies_only_what_fits() {
    let [before, after, other] = ["1", "2", "3"].map(|form| Some(Fingerprint::of_canonical(form)));
    assert_eq!(Fit::of(before, after, before), Fit::Before);
    assert_eq!(Fit::of(before, after, after), Fit::After);
    assert_eq!(Fit::of(before, after, other), Fit::Drifted);
    assert_eq!(Fit::of(before, before, before), Fit::Before, "a comment, for instance");
    assert_eq!(Fit::of(None, after, None), Fit::Before, "a table that is created");
    assert_eq!(Fit::of(None, after, other), Fit::Drifted, "another one is there");
    assert_eq!(Fit::of(before, None, None), Fit::After, "a table that is dropped");
    assert_eq!(Fit::all([]), Fit::Before);
    assert_eq!(Fit::all([Fit::After, Fit::After]), Fit::After);
    assert_eq!(Fit::all([Fit::After, Fit::Before]), Fit::Drifted);
}

#[test]
fn what_a_peer_does_follows_from_the_status_then_the_order_then_the_fit() {
    let arrival = Arrival {
        status: Status::Approved,
        is_held_back: false,
        fit: Fit::Before,
        is_outside: false,
    };
    assert_eq!(arrival.step(), Step::Apply);
    assert_eq!(Arrival { is_outside: true, ..arrival }.step(), Step::ApplyOutside);
    assert_eq!(Arrival { fit: Fit::After, ..arrival }.step(), Step::Note);
    assert_eq!(Arrival { fit: Fit::Drifted, ..arrival }.step(), Step::Drift);
    let held_back = Arrival { is_held_back: true, fit: Fit::Drifted, ..arrival };
    assert_eq!(held_back.step(), Step::AwaitEarlier);
    for (status, step) in [
        (Status::Pending, Step::AwaitDecision),
        (Status::Failed, Step::AwaitRetry),
        (Status::Applied, Step::Leave),
        (Status::Rejected, Step::Leave),
    ] {
        assert_eq!(Arrival { status, ..held_back }.step(), step);
        assert!(status.is_open() == matches!(step, Step::AwaitDecision | Step::AwaitRetry));
    }
}

#[test]
fn the_stricter_of_two_configurations_counts() {
    assert_eq!(class_here(Class::AutoApply, Class::RequireApproval), Class::RequireApproval);
    assert_eq!(class_here(Class::RequireApproval, Class::AutoApply), Class::RequireApproval);
    assert_eq!(Entry::arrived(Class::Exclude).status(), Status::Rejected);
}

#[test]
fn names_are_those_of_the_queue() {
    for status in Status::ALL {
        assert_eq!(Status::from_name(status.name()), Some(status));
    }
    for class in Class::ALL {
        assert_eq!(Class::from_name(class.name()), Some(class));
    }
}
