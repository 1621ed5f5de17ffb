//! Theorem 2: merging is commutative, associative, idempotent; and refuses contradictions.
#![allow(clippy::unwrap_used, reason = "a test may stop where its own set-up is wrong")]

mod group;

use group::{Group, config, id, operations, space};
use proptest::prelude::*;
use steep_ranges::{Allocator, IdRange, MergeError, Row, Space, State, Status, Stripe, Urgency};

fn merged(one: &State, other: &State) -> State {
    let mut one = one.clone();
    one.merge(other).unwrap();
    one
}

fn states(group: &Group) -> Vec<&State> {
    group.nodes.iter().map(|node| &node.disk.state).collect()
}

proptest! {
    #![proptest_config(config(200))]

    #[test]
    fn order_grouping_and_repetition_do_not_matter(
        size in 3..=4_usize,
        ops in operations(60),
        pick in (0..9_usize, 0..9_usize, 0..9_usize),
    ) {
        let group = Group::run(size, &ops);
        let states = states(&group);
        let at = |nth: usize| states[nth % states.len()];
        let (a, b, c) = (at(pick.0), at(pick.1), at(pick.2));
        prop_assert_eq!(merged(a, b), merged(b, a));
        prop_assert_eq!(merged(&merged(a, b), c), merged(a, &merged(b, c)));
        prop_assert_eq!(merged(&merged(a, b), b), merged(a, b));
    }

    #[test]
    fn rows_in_any_order_make_the_state_again(
        size in 1..=4_usize,
        ops in operations(60),
        shuffle in any::<u64>(),
    ) {
        let group = Group::run(size, &ops);
        for state in states(&group) {
            let mut rows: Vec<_> = state.rows().chain(state.rows()).collect();
            // Any order will do, as long as it is another for each value.
            let step = usize::try_from(shuffle % 97).unwrap() + 1;
            for at in 0..rows.len() {
                let other = (at * step) % rows.len();
                rows.swap(at, other);
            }
            let mut again = State::empty(space());
            for row in &rows {
                again.merge_row(row).unwrap();
            }
            prop_assert_eq!(&again, state);
            prop_assert!(rows.iter().all(|row| !again.merge_row(row).unwrap()), "nothing is new");
        }
    }
}

fn founded() -> State {
    State::found(space(), &[id(0), id(1)]).unwrap()
}

#[test]
fn a_table_founded_twice_with_the_same_members_is_one() {
    let again = State::found(space(), &[id(1), id(0), id(1)]).unwrap();
    assert_eq!(again, founded());
}

#[test]
fn a_table_founded_with_other_members_is_refused() {
    for others in [vec![id(0)], vec![id(0), id(2)], vec![id(0), id(1), id(2)]] {
        let theirs = State::found(space(), &others).unwrap();
        let mut ours = founded();
        assert!(matches!(ours.merge(&theirs), Err(MergeError::Title { .. })), "{others:?}");
        assert_eq!(ours, founded(), "nothing was changed");
    }
}

#[test]
fn another_space_is_refused() {
    let other = Space::new(IdRange::new(1, 279).unwrap(), 5).unwrap();
    let theirs = State::found(other, &[id(0), id(1)]).unwrap();
    let refused = founded().merge(&theirs).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "ids 1-279 in blocks of 5 do not match ids 1-279 in blocks of 4"
    );
}

#[test]
fn two_servers_with_one_nodes_id_are_found_out() {
    let mut one = Allocator::open(id(0), founded());
    let mut copy = one.clone();
    let ask = |number, size| steep_ranges::Request { holder: id(1), number, size };
    one.grant(&ask(0, 3), Urgency::Routine).unwrap();
    copy.grant(&ask(1, 2), Urgency::Routine).unwrap();
    // Rows that would do, before the one that does not.
    copy.share(&id(2)).unwrap();
    let before = one.state().clone();
    let refused = one.merge(copy.state()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "range 1-2 from node n0 to node n1 (request 1) overlaps \
         range 1-3 from node n0 to node n1 (request 0)"
    );
    assert_eq!(*one.state(), before, "nothing was changed");
}

#[test]
fn blocks_given_away_twice_are_found_out() {
    let mut one = Allocator::open(id(0), founded());
    let mut copy = one.clone();
    one.share(&id(2)).unwrap();
    copy.hand_over(&id(1)).unwrap();
    let refused = one.merge(copy.state()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "blocks 0 mod 2 from 0 to node n1 (title 1) contradicts \
         blocks 0 mod 4 from 0 to node n0 (title 1)"
    );
}

#[test]
fn a_grant_outside_of_the_space_is_refused() {
    let mut state = founded();
    let grant = steep_ranges::Grant {
        range: IdRange::new(279, 280).unwrap(),
        holder: id(0),
        granter: id(0),
        request: 0,
        status: Status::Granted,
    };
    let refused = state.merge_row(&Row::Grant(grant)).unwrap_err();
    assert!(matches!(refused, MergeError::Outside { .. }));
}

#[test]
fn an_older_status_does_not_come_back() {
    let mut node = Allocator::open(id(0), founded());
    let request = node.request(4);
    let granted = Row::Grant(node.grant(&request, Urgency::Routine).unwrap());
    let active = node.take_up();
    let released = node.release(1, steep_ranges::Position::Fresh).unwrap();
    for older in active.iter().chain([&granted]) {
        assert!(!node.merge_row(older).unwrap());
    }
    assert!(matches!(&released[..], [Row::Grant(grant)] if grant.status == Status::Released));
    assert_eq!(node.state().grant_of(1).unwrap().status, Status::Released);
}

#[test]
fn stripes_are_shared_as_equally_as_halving_allows() {
    let owners: Vec<_> = (0..5).map(id).collect();
    let state = State::found(space(), &owners).unwrap();
    let stripes: Vec<_> = state.titles().map(|title| title.stripe).collect();
    let expected =
        [(2, 1), (2, 2), (2, 3), (3, 0), (3, 4)].map(|(n, r)| Stripe::new(n, r).unwrap());
    assert_eq!(stripes, expected);
    assert_eq!(state.owner_of(1), Some(&id(0)), "ids begin with the first owner");
}
