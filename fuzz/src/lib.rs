//! What is fuzzed: everything that reads bytes which somebody else has written.
//!
//! Each target is a function of any bytes that must return. libFuzzer calls it through
//! `fuzz_targets/`, the test `corpus` with each file of `corpus/`.

mod descriptions;
mod frames;
mod messages;
mod replication;

pub use descriptions::descriptions;
pub use frames::frames;
pub use messages::messages;
pub use replication::replication;

/// A target.
pub type Target = fn(&[u8]);

/// Every target, under the name of its folder in `corpus/`.
pub const TARGETS: [(&str, Target); 4] = [
    ("descriptions", descriptions),
    ("frames", frames),
    ("messages", messages),
    ("replication", replication),
];
