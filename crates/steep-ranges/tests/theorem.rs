//! The no-overlap theorem: whatever happens, no id is granted twice, and none is drawn twice.
#![allow(clippy::unwrap_used, reason = "a test may stop where its own set-up is wrong")]

mod group;

use group::{Group, config, operations};
use proptest::prelude::*;

proptest! {
    #![proptest_config(config(400))]

    #[test]
    fn no_id_is_granted_or_drawn_twice(size in 1..=4_usize, ops in operations(60)) {
        Group::run(size, &ops);
    }

    #[test]
    fn after_all_faults_everybody_agrees_and_nothing_is_lost(
        size in 1..=4_usize,
        ops in operations(60),
    ) {
        let mut group = Group::run(size, &ops);
        group.heal();
        group.check();
        group.assert_agreed();
        group.drain();
        group.check();
    }
}

proptest! {
    #![proptest_config(config(20))]

    #[test]
    fn a_long_history_keeps_it_too(size in 2..=4_usize, ops in operations(600)) {
        let mut group = Group::run(size, &ops);
        group.heal();
        group.assert_agreed();
    }
}
