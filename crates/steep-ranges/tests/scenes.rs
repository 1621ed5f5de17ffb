//! Single histories, told in order: what the properties find by chance is shown here by name.
#![allow(clippy::unwrap_used, reason = "a test may stop where its own set-up is wrong")]

mod group;

use group::{Body, Crash, Group, Operation, id};
use steep_ranges::{GrantError, Position, ShareError, Status};

fn ask(at: usize, to: usize, size: u64) -> Operation {
    Operation::Ask { at, to, size, crash: Crash::No }
}

fn deliver() -> Operation {
    Operation::Deliver { nth: 0, crash: Crash::No }
}

fn share(at: usize, to: usize) -> Operation {
    Operation::Share { at, to, crash: Crash::No }
}

/// The ranges of a node, as it knows them.
fn held(group: &Group, at: usize) -> Vec<String> {
    let grants = group.nodes[at].disk.state.grants();
    grants.filter(|grant| grant.holder == id(at)).map(|grant| grant.range.to_string()).collect()
}

fn drawn(group: &Group, at: usize) -> Vec<i64> {
    group.drawn.iter().filter(|(_, by)| **by == at).map(|(drawn, _)| *drawn).collect()
}

#[test]
fn two_coordinators_that_promoted_themselves_cannot_meet() {
    let mut group = Group::found(2);
    for _ in 0..3 {
        group.step(&ask(0, 0, 3));
        group.step(&ask(1, 1, 3));
    }
    // A range ends with its block, and each has every second one.
    assert_eq!(held(&group, 0), ["1-3", "4-4", "9-11"]);
    assert_eq!(held(&group, 1), ["5-7", "8-8", "13-15"]);
    group.heal();
    group.check();
    group.assert_agreed();
}

#[test]
fn an_isolated_minority_grants_as_long_as_it_likes_while_the_majority_grants_anything() {
    let mut group = Group::found(3);
    for _ in 0..9 {
        group.step(&ask(2, 2, 4));
        // The others have each other, and still never get a block of the third.
        group.step(&ask(1, 0, 4));
        group.step(&deliver());
        group.step(&deliver());
        group.step(&ask(0, 1, 4));
        group.step(&deliver());
        group.step(&deliver());
        group.check();
    }
    assert_eq!(held(&group, 2).len(), 9);
    assert_eq!(held(&group, 0).len() + held(&group, 1).len(), 18);
    group.heal();
    group.assert_agreed();
}

#[test]
fn whoever_dies_at_whichever_step_of_a_grant_nothing_promised_is_lost_and_nothing_granted_twice() {
    // Requested: the granter dies before it has decided.
    let mut group = Group::found(2);
    group.step(&ask(1, 0, 4));
    group.step(&Operation::Crash { at: 0 });
    group.step(&deliver());
    group.step(&Operation::Start { at: 0 });
    assert_eq!(held(&group, 1), [""; 0]);
    group.step(&ask(1, 0, 4));

    // Granted, not recorded: it was told to nobody, and is granted again.
    group.step(&Operation::Deliver { nth: 0, crash: Crash::BeforeRecording });
    assert!(group.granted.is_empty());
    group.step(&Operation::Start { at: 0 });
    group.step(&ask(1, 0, 4));

    // Recorded, not told: whoever asks again, asks for the same.
    group.step(&Operation::Deliver { nth: 0, crash: Crash::BeforeTelling });
    assert_eq!(group.granted.len(), 1);
    group.step(&Operation::Start { at: 0 });
    group.step(&ask(1, 0, 4));
    group.step(&deliver());
    assert_eq!(group.granted.len(), 1, "the same answer");

    // Told, but the holder dies, and with it the answer.
    group.step(&Operation::Crash { at: 1 });
    group.step(&deliver());
    group.step(&Operation::Start { at: 1 });
    assert_eq!(held(&group, 1), [""; 0]);
    group.step(&ask(1, 0, 4));
    group.step(&deliver());
    group.step(&deliver());
    assert_eq!((held(&group, 1), group.granted.len()), (vec!["1-4".to_owned()], 1));

    // Applied: it dies between drawing and marking, and goes on where the sequence stands.
    group.step(&Operation::Draw { at: 1, count: 2 });
    group.step(&Operation::Crash { at: 1 });
    group.step(&Operation::Start { at: 1 });
    group.step(&Operation::Draw { at: 1, count: 9 });
    assert_eq!(drawn(&group, 1), [1, 2, 3, 4]);
}

#[test]
fn a_range_that_is_learned_of_late_is_still_drawn() {
    let mut group = Group::found(2);
    group.step(&ask(1, 0, 4));
    group.step(&deliver());
    let answer = group.network.pop().unwrap();
    group.step(&ask(1, 1, 4));
    group.step(&Operation::Draw { at: 1, count: 9 });
    assert_eq!(drawn(&group, 1), [5, 6, 7, 8]);
    group.network.push(answer);
    group.step(&deliver());
    group.step(&Operation::Draw { at: 1, count: 9 });
    assert_eq!(drawn(&group, 1), [1, 2, 3, 4, 5, 6, 7, 8]);
}

#[test]
fn a_node_that_joins_grants_once_a_single_member_has_shared() {
    let mut group = Group::found(2);
    group.step(&ask(0, 0, 4));
    group.step(&Operation::Join);
    let request = group.allocator(2).unwrap().request(4);
    let refused = group.allocator(2).unwrap().grant(&request, steep_ranges::Urgency::Routine);
    assert_eq!(refused, Err(GrantError::NoneLeft { granter: id(2), left: 279 }));
    group.step(&share(0, 2));
    group.step(&deliver());
    group.step(&ask(2, 2, 4));
    // Node 0 had blocks 0, 2, 4 ..., keeps 2, 6 ..., and gave 4, 8 ... away.
    assert_eq!(held(&group, 2), ["17-20"]);
    group.step(&ask(0, 0, 4));
    assert_eq!(held(&group, 0), ["1-4", "9-12"]);
    group.check();
}

#[test]
fn a_member_that_has_not_heard_of_a_join_cannot_meet_the_new_node() {
    let mut group = Group::found(2);
    group.step(&Operation::Join);
    group.step(&share(0, 2));
    group.step(&deliver());
    // Node 1 still thinks that there are two.
    for _ in 0..6 {
        (0..3).for_each(|at| group.step(&ask(at, at, 4)));
        group.check();
    }
    assert_eq!(group.nodes[1].disk.state.titles().count(), 2);
    group.heal();
    group.assert_agreed();
}

#[test]
fn many_nodes_can_join_one_after_the_other() {
    let mut group = Group::found(1);
    for at in 1..6 {
        group.step(&Operation::Join);
        group.step(&share(at - 1, at));
        group.step(&deliver());
        group.step(&ask(at, at, 4));
        group.check();
    }
    assert!((1..6).all(|at| held(&group, at).len() == 1));
    let refused = group.allocator(5).unwrap().share(&id(5)).unwrap_err();
    assert_eq!(refused, ShareError::Itself { node: id(5) });
}

#[test]
fn who_has_too_little_left_does_not_share() {
    let mut group = Group::found(1);
    let shares = core::iter::from_fn(|| group.allocator(0).unwrap().share(&id(1)).ok());
    assert_eq!(shares.count(), 7, "70, 35, 18, 9, 5, 3, 2, 1");
    let refused = group.allocator(0).unwrap().share(&id(1)).unwrap_err();
    assert_eq!(refused, ShareError::TooLittle { node: id(0) });
}

#[test]
fn what_a_leaving_node_owns_is_not_lost() {
    let mut group = Group::found(2);
    group.step(&ask(1, 1, 2));
    group.step(&Operation::HandOver { at: 1, to: 0, crash: Crash::No });
    group.step(&deliver());
    group.check();
    let states = [0, 1].map(|at| group.nodes[at].disk.state.clone());
    let count = |at: usize| {
        let blocks = (0..70).map(|block| 1 + block * 4);
        blocks.filter(|first| states[0].owner_of(*first) == Some(&id(at))).count()
    };
    assert_eq!((count(0), count(1)), (69, 1), "the block that was begun stays");
    assert!(states[1].owns_free_ids(&id(1)), "with the two ids that are left in it");
}

#[test]
fn a_restore_from_an_older_backup_does_not_reuse_ids() {
    let mut group = Group::found(2);
    group.step(&ask(0, 0, 4));
    group.step(&Operation::Draw { at: 0, count: 1 });
    group.step(&Operation::BackUp { at: 0 });
    group.step(&Operation::Draw { at: 0, count: 3 });
    group.step(&ask(0, 0, 4));
    group.step(&Operation::Draw { at: 0, count: 4 });
    group.step(&Operation::Tell { at: 0, to: 1 });
    group.step(&deliver());

    group.step(&Operation::Restore { at: 0, nth: 0 });
    assert_eq!(group.position(0), Position::At(1), "as if 2 to 4 were still to be drawn");
    let request = group.allocator(0).unwrap().request(4);
    let refused = group.allocator(0).unwrap().grant(&request, steep_ranges::Urgency::Routine);
    assert_eq!(refused, Err(GrantError::Restored { granter: id(0), peer: id(1) }));
    let refused = group.allocator(0).unwrap().share(&id(1));
    assert_eq!(refused, Err(ShareError::Restored { node: id(0), peer: id(1) }));

    group.step(&Operation::Hear { at: 0, from: 1 });
    group.step(&ask(0, 0, 4));
    group.step(&Operation::Draw { at: 0, count: 9 });
    assert_eq!(drawn(&group, 0), [1, 2, 3, 4, 9, 10, 11, 12, 17, 18, 19, 20]);
    group.check();
}

#[test]
fn a_restored_node_draws_from_what_a_peer_grants_before_it_has_heard_all() {
    let mut group = Group::found(3);
    group.step(&Operation::BackUp { at: 0 });
    // Of its former life: a range from node 2, which it drew from, and node 1 does not know of.
    group.step(&ask(0, 2, 4));
    group.step(&deliver());
    group.step(&deliver());
    group.step(&Operation::Draw { at: 0, count: 4 });
    group.step(&Operation::Restore { at: 0, nth: 0 });

    group.step(&Operation::Hear { at: 0, from: 1 });
    group.step(&ask(0, 1, 4));
    group.step(&deliver());
    group.step(&deliver());
    group.step(&Operation::Draw { at: 0, count: 2 });
    assert_eq!(drawn(&group, 0).len(), 6);

    // What node 2 tells by itself is not drawn from again.
    group.step(&Operation::Tell { at: 2, to: 0 });
    group.step(&deliver());
    group.step(&Operation::Draw { at: 0, count: 9 });
    assert_eq!(drawn(&group, 0).len(), 8);
    group.step(&Operation::Hear { at: 0, from: 2 });
    group.step(&Operation::Draw { at: 0, count: 9 });
    assert_eq!(drawn(&group, 0).len(), 8);
    assert_eq!(group.allocator(0).unwrap().unheard().count(), 0);
}

#[test]
fn what_a_restored_node_once_granted_itself_is_not_drawn_from_again() {
    let mut group = Group::found(2);
    group.step(&Operation::BackUp { at: 0 });
    group.step(&ask(0, 0, 4));
    group.step(&Operation::Draw { at: 0, count: 4 });
    group.step(&Operation::Tell { at: 0, to: 1 });
    group.step(&deliver());
    group.step(&Operation::Restore { at: 0, nth: 0 });
    // The peer tells of it by itself, before it was asked.
    group.step(&Operation::Tell { at: 1, to: 0 });
    group.step(&deliver());
    group.step(&Operation::Draw { at: 0, count: 9 });
    assert_eq!(drawn(&group, 0), [1, 2, 3, 4]);
}

#[test]
fn an_answer_that_was_on_its_way_at_a_restore_is_not_taken_any_more() {
    let mut group = Group::found(2);
    group.step(&Operation::BackUp { at: 0 });
    group.step(&ask(1, 0, 4));
    group.step(&deliver());
    group.step(&Operation::Restore { at: 0, nth: 0 });
    group.step(&Operation::Hear { at: 0, from: 1 });
    // Nobody has 1 to 4, so they can be granted; the answer must not come after all.
    group.step(&ask(0, 0, 4));
    group.step(&deliver());
    assert_eq!((held(&group, 0), held(&group, 1)), (vec!["1-4".to_owned()], vec![]));
    group.heal();
    group.assert_agreed();
}

#[test]
fn a_restored_node_that_lost_one_of_two_titles_keeps_off_the_other() {
    let mut group = Group::found(3);
    group.step(&Operation::BackUp { at: 1 });
    // Half of its blocks to node 0, which never hears of it; then half of the rest to node 2.
    group.step(&share(1, 0));
    group.step(&Operation::Lose { nth: 0 });
    group.step(&share(1, 2));
    group.step(&deliver());
    group.step(&Operation::Restore { at: 1, nth: 0 });
    group.step(&Operation::Hear { at: 1, from: 0 });
    group.step(&Operation::Hear { at: 1, from: 2 });
    group.check();
    // Both grant what they own to the last id, and node 1 has back what node 0 never got.
    for _ in 0..70 {
        group.step(&ask(1, 1, 4));
        group.step(&ask(2, 2, 4));
    }
    group.heal();
    group.assert_agreed();
    group.drain();
}

#[test]
fn an_imported_id_is_granted_to_nobody_who_knows_of_it() {
    let mut group = Group::found(2);
    group.step(&Operation::Occupy { at: 0, start: 2, count: 0 });
    group.step(&Operation::Occupy { at: 0, start: 9, count: 3 });
    for _ in 0..3 {
        group.step(&ask(0, 0, 4));
    }
    assert_eq!(held(&group, 0), ["1-1", "3-4", "17-20"]);
}

#[test]
fn ids_imported_into_a_range_are_passed_over() {
    let mut group = Group::found(1);
    group.step(&ask(0, 0, 4));
    group.step(&ask(0, 0, 4));
    group.step(&Operation::Draw { at: 0, count: 1 });
    group.step(&Operation::Occupy { at: 0, start: 2, count: 4 });
    group.step(&Operation::Draw { at: 0, count: 9 });
    assert_eq!(drawn(&group, 0), [1, 7, 8]);
    group.step(&Operation::Settle { at: 0 });
    let statuses = group.nodes[0].disk.state.grants().map(|grant| grant.status);
    // What it stands at the end of is not left yet.
    assert_eq!(statuses.collect::<Vec<_>>(), [Status::Exhausted, Status::Active { turn: 1 }]);
}

#[test]
fn whom_to_ask_is_who_owns_the_lowest_free_id_among_those_in_contact() {
    let group = Group::found(3);
    let state = &group.nodes[0].disk.state;
    let ids = [0, 1, 2].map(id);
    assert_eq!(state.granter(&ids), Some(&ids[0]));
    assert_eq!(state.granter(&ids[1..]), Some(&ids[1]));
    assert_eq!(state.granter(&ids[2..]), Some(&ids[2]));
    assert_eq!(state.granter([]), None);
}

#[test]
fn messages_that_come_twice_and_late_change_nothing() {
    let mut group = Group::found(2);
    group.step(&ask(1, 0, 4));
    group.step(&Operation::Repeat { nth: 0 });
    group.step(&deliver());
    group.step(&deliver());
    assert_eq!(group.granted.len(), 1);
    let bodies: Vec<_> =
        group.network.iter().map(|message| format!("{:?}", message.body)).collect();
    assert_eq!(bodies[0], bodies[1]);
    assert!(matches!(group.network[0].body, Body::Rows(_)));
}
