//! What nodes decide together: who coordinates, who hands over to whom, who belongs to the group.
#![allow(clippy::unwrap_used, reason = "a test may stop where its own set-up is wrong")]

mod group;

use group::{Group, id};
use steep_topology::{Command, CommandRefusal, Condition, Durable, Event};
use steep_types::{NodeId, Priority};

fn three() -> Group {
    let mut group = Group::found(&[("a", 90), ("b", 80), ("c", 70)]);
    group.pass(30);
    group
}

#[test]
fn the_best_node_is_elected_and_stays() {
    let mut group = three();
    assert_eq!(group.coordinator().as_deref(), Some("a"));
    let reigns = group.reigns.clone();
    group.pass(600);
    assert_eq!(group.reigns, reigns);
}

#[test]
fn the_second_best_takes_over_and_hands_back_when_the_best_has_been_back_for_long_enough() {
    let mut group = three();
    group.silent.insert(id("a"));
    group.pass(15);
    assert_eq!(group.coordinator().as_deref(), Some("b"));
    group.silent.clear();
    // Two leases are eight seconds.
    group.pass(7);
    assert_eq!(group.coordinator().as_deref(), Some("b"));
    group.pass(5);
    assert_eq!(group.coordinator().as_deref(), Some("a"));
    assert!(group.has_told("b", &Event::HandedOver { to: id("a") }));
}

#[test]
fn a_node_that_has_not_caught_up_is_not_handed_the_group() {
    let mut group = three();
    group.silent.insert(id("a"));
    group.pass(15);
    group.see("a", Condition { postgres: true, caught_up: false });
    group.silent.clear();
    group.pass(120);
    assert_eq!(group.coordinator().as_deref(), Some("b"));
    group.see("a", Condition { postgres: true, caught_up: true });
    group.pass(15);
    assert_eq!(group.coordinator().as_deref(), Some("a"));
}

#[test]
fn a_coordinator_whose_postgresql_stays_away_hands_over_and_a_restart_of_it_changes_nothing() {
    let mut group = three();
    let reigns = group.reigns.clone();
    group.see("a", Condition { postgres: false, caught_up: true });
    group.pass(3);
    group.see("a", Condition { postgres: true, caught_up: true });
    group.pass(60);
    assert_eq!(group.reigns, reigns);
    group.see("a", Condition { postgres: false, caught_up: true });
    group.pass(8);
    assert_eq!(group.coordinator().as_deref(), Some("b"));
}

#[test]
fn a_promoted_node_coordinates_until_it_is_demoted() {
    let mut group = three();
    group.command("a", Command::Promote(id("c")));
    group.pass(3);
    assert_eq!(group.coordinator().as_deref(), Some("c"));
    assert!(group.has_told("a", &Event::CommandDone(Command::Promote(id("c")))));
    group.pass(300);
    assert_eq!(group.coordinator().as_deref(), Some("c"));
    group.command("c", Command::Demote);
    group.pass(20);
    assert_eq!(group.coordinator().as_deref(), Some("a"));
}

#[test]
fn a_promotion_ends_when_the_node_is_out_of_reach() {
    let mut group = three();
    group.command("a", Command::Promote(id("c")));
    group.pass(3);
    group.silent.insert(id("c"));
    group.pass(20);
    assert_eq!(group.coordinator().as_deref(), Some("a"));
    assert!(group.has_told("a", &Event::PromotionEnded(id("c"))));
    group.silent.clear();
    group.pass(120);
    assert_eq!(group.coordinator().as_deref(), Some("a"));
}

#[test]
fn a_changed_priority_changes_the_coordinator() {
    let mut group = three();
    group.command("a", Command::SetPriority(id("c"), Priority::new(95)));
    group.pass(20);
    assert_eq!(group.coordinator().as_deref(), Some("c"));
}

fn members(group: &Group, node: &str) -> Vec<String> {
    group.node(node).membership().members.keys().map(NodeId::to_string).collect()
}

#[test]
fn two_nodes_grow_to_three_and_shrink_back() {
    let mut group = Group::found(&[("a", 90), ("b", 80)]);
    group.pass(30);
    group.start("c", Durable::default());
    let add = Command::Add(id("c"), Priority::new(99));
    group.command("a", add.clone());
    group.pass(3);
    assert!(group.has_told("a", &Event::CommandDone(add)));
    for node in ["a", "b", "c"] {
        assert_eq!(members(&group, node), ["a", "b", "c"]);
    }
    group.pass(20);
    assert_eq!(group.coordinator().as_deref(), Some("c"), "the new node is the best one");

    // The coordinator removes itself.
    let remove = Command::Remove(id("c"));
    group.command("c", remove.clone());
    group.pass(3);
    assert!(group.has_told("c", &Event::CommandDone(remove)));
    assert!(group.has_told("c", &Event::Removed));
    assert_eq!(members(&group, "b"), ["a", "b"]);
    assert_eq!(group.coordinator().as_deref(), Some("a"));
}

#[test]
fn a_removed_coordinator_is_succeeded_without_waiting_for_its_lease() {
    let mut group = three();
    group.command("a", Command::Remove(id("a")));
    group.pass(1);
    assert_eq!(group.coordinator().as_deref(), Some("b"));
}

#[test]
fn a_node_that_does_not_answer_is_not_added_and_nothing_is_lost_by_trying() {
    let mut group = three();
    let add = Command::Add(id("d"), Priority::new(50));
    group.command("a", add.clone());
    group.pass(10);
    let refusal = CommandRefusal::Unreachable(id("d"));
    assert!(group.has_told("a", &Event::CommandRefused(add, refusal)));
    assert_eq!(members(&group, "a"), ["a", "b", "c"]);
    assert_eq!(group.coordinator().as_deref(), Some("a"));
}

#[test]
fn a_removal_that_would_leave_no_quorum_is_refused() {
    let mut group = three();
    group.silent.insert(id("c"));
    group.pass(10);
    let remove = Command::Remove(id("b"));
    group.command("a", remove.clone());
    assert!(group.has_told("a", &Event::CommandRefused(remove, CommandRefusal::NoQuorum)));
    // The one that is away can be removed.
    let remove = Command::Remove(id("c"));
    group.command("a", remove.clone());
    group.pass(3);
    assert!(group.has_told("a", &Event::CommandDone(remove)));
    // When it is back, it learns of it.
    group.silent.clear();
    group.pass(10);
    assert!(group.has_told("c", &Event::Removed));
}

#[test]
fn one_change_at_a_time() {
    let mut group = three();
    group.silent.extend([id("b"), id("c")]);
    let first = Command::SetPriority(id("b"), Priority::new(10));
    group.command("a", first);
    let second = Command::SetPriority(id("b"), Priority::new(20));
    group.command("a", second.clone());
    let id = group.node("a").membership().id;
    let refusal = CommandRefusal::Changing { id };
    assert!(group.has_told("a", &Event::CommandRefused(second, refusal)));
}

#[test]
fn of_two_that_were_cut_off_from_each_other_the_better_one_is_elected_by_both() {
    let mut group = Group::found(&[("a", 90), ("b", 80)]);
    group.pass(30);
    group.silent.insert(id("b"));
    group.pass(30);
    assert_eq!(group.coordinator(), None, "alone is not with a quorum");
    let acts = |group: &Group, node: &str| group.node(node).is_acting(group.now).is_some();
    assert!(acts(&group, "a") && acts(&group, "b"));
    group.silent.clear();
    group.pass(3);
    assert_eq!(group.coordinator().as_deref(), Some("a"));
    assert!(!acts(&group, "b"));
}
