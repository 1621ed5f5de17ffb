//! In which order a node draws, and what is left.
#![allow(clippy::unwrap_used, reason = "a test may stop where its own set-up is wrong")]

mod group;

use group::{config, id, space};
use proptest::prelude::*;
use steep_ranges::{
    Alert, Allocator, Draw, IdRange, Position, ReleaseError, State, Status, Stock, Urgency,
};

fn range(start: i64, end: i64) -> IdRange {
    IdRange::new(start, end).unwrap()
}

/// Node 1 of two, with 5-8 and then 1-4: the second range that it was given has lower ids.
fn with_a_step_back() -> Allocator {
    let state = State::found(space(), &[id(0), id(1)]).unwrap();
    let (mut other, mut node) =
        (Allocator::open(id(0), state.clone()), Allocator::open(id(1), state));
    let request = node.request(4);
    node.grant(&request, Urgency::Routine).unwrap();
    node.take_up();
    other.grant(&node.request(4), Urgency::Routine).unwrap();
    node.merge(other.state()).unwrap();
    node
}

#[test]
fn ranges_are_used_in_the_order_they_were_taken_up() {
    let mut node = with_a_step_back();
    let next = |node: &Allocator, at| node.supply().next(Position::At(at));
    assert_eq!(next(&node, 8), Draw::Empty, "not taken up yet, so not recorded");
    assert_eq!(node.take_up().len(), 1);
    assert_eq!(node.take_up(), [], "once");
    assert_eq!(node.supply().next(Position::Fresh), Draw::Next(range(5, 8)));
    assert_eq!(next(&node, 5), Draw::Next(range(6, 8)));
    assert_eq!(next(&node, 8), Draw::Next(range(1, 4)));
    assert_eq!(next(&node, 4), Draw::Empty, "and not back to 5-8, which nobody marked as used");
}

#[test]
fn a_sequence_that_stands_elsewhere_is_lost_and_finds_a_way_out() {
    let mut node = with_a_step_back();
    node.take_up();
    let astray = Position::At(100);
    assert_eq!(node.supply().next(astray), Draw::Lost);
    assert_eq!(node.supply().stock(astray).total(), 0);

    // After a restart: what the table holds is passed over.
    let mut restarted = node.clone();
    restarted.occupy(range(5, 7));
    assert_eq!(restarted.supply().next(Position::Fresh), Draw::Next(range(8, 8)));

    // While sessions may hold ids that nobody sees: all is given up.
    assert_eq!(node.give_up().len(), 2);
    assert_eq!(node.supply().next(Position::Fresh), Draw::Empty);
    assert!(node.holdings().contains(5), "what was drawn may still be written");
    let request = node.request(4);
    node.grant(&request, Urgency::Routine).unwrap();
    node.take_up();
    assert_eq!(node.supply().next(Position::At(4)), Draw::Next(range(13, 16)));
}

#[test]
fn what_the_sequence_left_behind_is_marked() {
    let mut node = with_a_step_back();
    node.take_up();
    let status = |node: &Allocator, start| node.state().grant_of(start).unwrap().status;
    assert_eq!(node.settle(Position::At(7)), []);
    assert_eq!(node.settle(Position::At(100)), []);
    assert_eq!(node.settle(Position::At(2)).len(), 1);
    assert_eq!(status(&node, 5), Status::Exhausted);
    assert_eq!(status(&node, 1), Status::Active { turn: 1 });
    // At its end it is still where the sequence stands: sessions may write ids of it that they drew.
    assert_eq!(node.settle(Position::At(4)), []);
    assert_eq!(status(&node, 1), Status::Active { turn: 1 });
    assert_eq!(node.supply().next(Position::At(4)), Draw::Empty);
}

#[test]
fn a_released_range_is_passed_over_and_stays_ours() {
    let mut node = with_a_step_back();
    node.take_up();
    // The sequence has moved on to 1-4; nobody has marked 5-8 yet.
    let rows = node.release(1, Position::At(2)).unwrap();
    assert_eq!(rows.len(), 2, "5-8 is marked as used up, 1-4 as released");
    assert_eq!(node.supply().next(Position::At(2)), Draw::Empty);
    assert!(node.holdings().contains(3));
    let again = node.release(1, Position::At(2)).unwrap_err();
    assert_eq!(again, ReleaseError::Released { range: range(1, 4) });
    assert_eq!(node.release(2, Position::Fresh), Err(ReleaseError::NotHeld { start: 2 }));
    assert_eq!(node.release(9, Position::Fresh), Err(ReleaseError::NotHeld { start: 9 }));
}

#[test]
fn the_stock_is_what_is_left_here_and_after() {
    let mut node = with_a_step_back();
    node.take_up();
    let stock = |at| node.supply().stock(at);
    let of = |range, left, reserve| Stock { range: Some(range), left, reserve };
    assert_eq!(stock(Position::Fresh), of(range(5, 8), 4, 4));
    assert_eq!(stock(Position::At(6)), of(range(5, 8), 2, 4));
    assert_eq!(stock(Position::At(8)), of(range(5, 8), 0, 4));
    assert_eq!(stock(Position::At(3)), of(range(1, 4), 1, 0));
    assert_eq!(stock(Position::At(3)).percent_used(), 75);
    assert_eq!(stock(Position::At(4)).alert(), Alert::Exhausted);
    assert_eq!(stock(Position::At(8)).alert(), Alert::None, "a further range is there");
}

#[test]
fn a_range_that_begins_at_the_lowest_bigint_is_no_trap() {
    let ids = IdRange::new(i64::MIN, i64::MIN + 9).unwrap();
    let space = steep_ranges::Space::new(ids, 5).unwrap();
    let mut node = Allocator::open(id(0), State::found(space, &[id(0)]).unwrap());
    let request = node.request(5);
    node.grant(&request, Urgency::Routine).unwrap();
    node.take_up();
    let supply = node.supply();
    assert_eq!(supply.next(Position::Fresh), Draw::Next(range(i64::MIN, i64::MIN + 4)));
    let next = supply.next(Position::At(i64::MIN));
    assert_eq!(next, Draw::Next(range(i64::MIN + 1, i64::MIN + 4)));
}

proptest! {
    #![proptest_config(config(200))]

    /// The check answers what a list of ids would.
    #[test]
    fn the_check_knows_our_ids_and_no_other(
        ranges in proptest::collection::vec((0..60_i64, 0..6_i64), 0..12),
    ) {
        let ranges: Vec<_> = ranges.iter().map(|(start, len)| range(*start, start + len)).collect();
        let holdings: steep_ranges::Holdings = ranges.iter().copied().collect();
        for id in -1..70 {
            let expected = ranges.iter().any(|range| range.contains(id));
            prop_assert_eq!(holdings.contains(id), expected, "{}", id);
        }
        prop_assert!(holdings.ranges().windows(2).all(|two| two[0].end() + 1 < two[1].start()));
    }

    /// And gaps are what is not in the set.
    #[test]
    fn gaps_and_ranges_make_the_whole(
        ranges in proptest::collection::vec((0..60_i64, 0..6_i64), 0..12),
        within in (0..60_i64, 0..30_i64),
    ) {
        let mut set = steep_ranges::RangeSet::new();
        for (start, len) in &ranges {
            let new = (*start..=start + len).any(|id| !set.contains(id));
            prop_assert_eq!(set.insert(range(*start, start + len)), new);
        }
        let within = range(within.0, within.0 + within.1);
        let gaps: Vec<_> = set.gaps(within).collect();
        for id in within.start()..=within.end() {
            let free = gaps.iter().filter(|gap| gap.contains(id)).count();
            prop_assert_eq!(free == 1, !set.contains(id), "{}", id);
        }
        prop_assert_eq!(set.count_gaps(within), gaps.iter().map(|gap| gap.len()).sum::<u64>());
    }
}
