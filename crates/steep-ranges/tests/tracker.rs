//! When a node asks for more, and for how much.
#![allow(clippy::unwrap_used, reason = "a test may stop where its own set-up is wrong")]

use core::time::Duration;
use steep_ranges::{Alert, IdRange, KeyType, Policy, PolicyError, Stock, Tracker};

const BIGINT: steep_ranges::Space = KeyType::Bigint.space();

fn policy() -> Policy {
    Policy::new(BIGINT, 10_000, 80).unwrap()
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// A tracker that saw `rate` ids a second for ten minutes.
fn at_rate(policy: Policy, rate: u64) -> Tracker {
    let mut tracker = Tracker::new(policy);
    (0..600).for_each(|second| tracker.observe(seconds(second), second * rate));
    tracker
}

fn stock(left: u64, reserve: u64) -> Stock {
    Stock { range: Some(IdRange::new(1, 10_000).unwrap()), left, reserve }
}

#[test]
fn range_is_requested_before_the_last_one_is_used() {
    let tracker = Tracker::new(policy());
    assert_eq!(tracker.advise(&stock(2_001, 0)).ask, None);
    assert_eq!(tracker.advise(&stock(2_000, 0)).ask, Some(10_000), "80 % is used");
    assert_eq!(tracker.advise(&stock(2_000, 10_000)).ask, None, "the next one is there");
    assert_eq!(tracker.advise(&stock(0, 2_000)).ask, Some(10_000), "and is short");
    assert_eq!(tracker.advise(&Stock::default()).ask, Some(10_000), "nothing is held");
}

#[test]
fn alerts_come_at_80_and_95_percent_if_no_further_range_is_held() {
    let tracker = Tracker::new(policy());
    for (left, alert) in [
        (2_001, Alert::None),
        (2_000, Alert::Warning),
        (501, Alert::Warning),
        (500, Alert::Critical),
        (0, Alert::Exhausted),
    ] {
        assert_eq!(tracker.advise(&stock(left, 0)).alert, alert, "{left} left");
        assert_eq!(tracker.advise(&stock(left, 1)).alert, Alert::None, "{left} left, and one more");
    }
    assert_eq!(tracker.advise(&Stock::default()).alert, Alert::Exhausted);
    assert_eq!(stock(501, 0).percent_used(), 94, "rounded down, never early");
}

#[test]
fn a_busy_table_gets_ranges_that_last_a_minute() {
    for (rate, size) in [
        (0, 10_000),
        (100, 10_000),
        (200, 20_000),
        (10_000, 640_000),
        (100_000, 10_240_000),
        (1_000_000, 10_240_000), // 1,024 times the configured size, and not more
    ] {
        assert_eq!(at_rate(policy(), rate).next_size(), size, "{rate} a second");
    }
}

#[test]
fn no_range_is_larger_than_a_block() {
    let small = Policy::new(KeyType::Smallint.space(), 10_000, 80).unwrap();
    assert_eq!((small.range_size(), small.max_range_size()), (256, 256));
    assert_eq!(at_rate(small, 10_000).next_size(), 256);
    let integer = Policy::new(KeyType::Integer.space(), 10_000, 80).unwrap();
    assert_eq!(at_rate(integer, 100_000).next_size(), 65_536);
}

#[test]
fn the_reserve_lasts_for_the_outage_to_be_survived() {
    let tracker = at_rate(policy().surviving(seconds(300)), 1_000);
    let needed = tracker.rate().ids_in(seconds(300));
    assert!((299_000..=300_000).contains(&needed), "{needed}");
    assert!(tracker.advise(&stock(0, needed)).ask.is_some());
    assert_eq!(tracker.advise(&stock(1, needed)).ask, None);
    let lasts = tracker.advise(&stock(0, needed)).lasts.unwrap();
    assert!(lasts.abs_diff(seconds(300)) < seconds(1), "{lasts:?}");
}

#[test]
fn the_reserve_of_a_smallint_leaves_some_for_the_others() {
    let small = Policy::new(KeyType::Smallint.space(), 256, 80).unwrap();
    let tracker = at_rate(small.surviving(seconds(86_400)), 1_000);
    assert!(tracker.advise(&stock(0, 8 * 256)).ask.is_some());
    assert_eq!(tracker.advise(&stock(1, 8 * 256)).ask, None);
}

#[test]
fn a_rise_is_followed_within_seconds_and_a_fall_within_minutes() {
    let mut tracker = at_rate(policy(), 100);
    let rate = |tracker: &Tracker| tracker.rate().millis_per_second() / 1_000;
    let mut drawn = 60_000;
    for second in 600..610 {
        tracker.observe(seconds(second), drawn);
        drawn += 10_000;
    }
    assert!(rate(&tracker) > 9_500, "{}", rate(&tracker));
    for second in 610..670 {
        tracker.observe(seconds(second), drawn);
    }
    assert!(rate(&tracker) > 9_000, "a minute's pause: {}", rate(&tracker));
    for second in 670..7_870 {
        tracker.observe(seconds(second), drawn);
    }
    assert!(rate(&tracker) < 10, "two hours: {}", rate(&tracker));
    assert_eq!(tracker.next_size(), 10_000);
}

#[test]
fn looks_in_quick_succession_do_not_take_bursts_for_the_rate() {
    let mut tracker = Tracker::new(policy());
    for look in 0..6_000_u64 {
        // Every 10 ms; 100 ids come at once, ten times a second.
        tracker.observe(Duration::from_millis(look * 10), look / 10 * 100);
    }
    let rate = tracker.rate().millis_per_second() / 1_000;
    assert!((990..=1_000).contains(&rate), "{rate}");
}

#[test]
fn a_count_or_a_clock_that_steps_back_is_a_new_beginning() {
    let mut tracker = at_rate(policy(), 1_000);
    let before = tracker.rate();
    tracker.observe(seconds(601), 5);
    tracker.observe(seconds(10), 10);
    assert_eq!(tracker.rate(), before);
    tracker.observe(seconds(20), 10_010);
    assert!(tracker.rate().millis_per_second().abs_diff(1_000_000) < 10_000);
}

#[test]
fn a_new_policy_keeps_what_was_measured() {
    let mut tracker = at_rate(policy(), 1_000);
    tracker.set_policy(Policy::new(BIGINT, 50_000, 50).unwrap());
    assert_eq!(tracker.next_size(), 100_000);
}

#[test]
fn policies_that_make_no_sense_are_refused() {
    assert_eq!(Policy::new(BIGINT, 0, 80), Err(PolicyError::Size));
    for percent in [0, 101] {
        assert_eq!(Policy::new(BIGINT, 1, percent), Err(PolicyError::Threshold { percent }));
    }
    let policy = Policy::new(BIGINT, 1, 100).unwrap();
    assert_eq!((policy.threshold_percent(), policy.outage()), (100, seconds(600)));
}

#[test]
fn the_ranges_of_a_table_grow_in_number_with_the_logarithm_of_its_age() {
    const RATE: u64 = 1_000;
    let policy = Policy::new(KeyType::Bigint.space(), 10_000, 80).expect("a policy");
    let year = Duration::from_secs(365 * 86_400);
    let (mut age, mut ranges) = (Duration::ZERO, 0_u32);
    while age < year {
        let mut tracker = Tracker::new(policy.at_age(age));
        for second in 0..60 {
            tracker.observe(Duration::from_secs(second), second * RATE);
        }
        age += Duration::from_secs(tracker.next_size() / RATE);
        ranges += 1;
    }
    // With a range a minute they would be 525,600.
    assert!((2_000..8_000).contains(&ranges), "{ranges} ranges");
    assert_eq!(Policy::range_lasts_at(Duration::ZERO), Duration::from_secs(60));
}
