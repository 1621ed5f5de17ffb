//! What can happen in a group, as data: one type serves every property and every single case.

use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, RngSeed},
};

/// Where in a step that gives something away the node dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    No,
    /// Decided, nothing written.
    BeforeRecording,
    /// Written, nobody told.
    BeforeTelling,
}

#[derive(Clone, Debug)]
pub enum Operation {
    /// Sends a request; to itself it is answered at once.
    Ask {
        at: usize,
        to: usize,
        size: u64,
        crash: Crash,
    },
    /// The same, of whom the node takes for the right one to ask.
    AskGranter {
        at: usize,
        size: u64,
        crash: Crash,
    },
    Deliver {
        nth: usize,
        crash: Crash,
    },
    Lose {
        nth: usize,
    },
    Repeat {
        nth: usize,
    },
    /// Sends all that a node knows, or one row of it.
    Tell {
        at: usize,
        to: usize,
    },
    TellRow {
        at: usize,
        to: usize,
        nth: usize,
    },
    Draw {
        at: usize,
        count: usize,
    },
    Settle {
        at: usize,
    },
    Release {
        at: usize,
        nth: usize,
    },
    Occupy {
        at: usize,
        start: i64,
        count: i64,
    },
    Share {
        at: usize,
        to: usize,
        crash: Crash,
    },
    HandOver {
        at: usize,
        to: usize,
        crash: Crash,
    },
    Join,
    Crash {
        at: usize,
    },
    Start {
        at: usize,
    },
    BackUp {
        at: usize,
    },
    Restore {
        at: usize,
        nth: usize,
    },
    Hear {
        at: usize,
        from: usize,
    },
}

/// A fixed number of cases from a fixed seed; `STEEP_SEED` chooses another.
pub fn config(cases: u32) -> Config {
    #[expect(clippy::disallowed_methods, reason = "a test may be told its seed")]
    let seed =
        std::env::var("STEEP_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0x5745);
    eprintln!("seed {seed}, {cases} cases; repeat with STEEP_SEED={seed}");
    Config { cases, rng_seed: RngSeed::Fixed(seed), failure_persistence: None, ..Config::default() }
}

pub fn operations(most: usize) -> impl Strategy<Value = Vec<Operation>> {
    vec(operation(), 0..most)
}

fn operation() -> impl Strategy<Value = Operation> {
    let node = || 0..6_usize;
    let nth = || 0..1_000_usize;
    let size = || 1..7_u64;
    prop_oneof![
        4 => (node(), node(), size(), crash())
            .prop_map(|(at, to, size, crash)| Operation::Ask { at, to, size, crash }),
        3 => (node(), size(), crash())
            .prop_map(|(at, size, crash)| Operation::AskGranter { at, size, crash }),
        10 => (nth(), crash()).prop_map(|(nth, crash)| Operation::Deliver { nth, crash }),
        1 => nth().prop_map(|nth| Operation::Lose { nth }),
        2 => nth().prop_map(|nth| Operation::Repeat { nth }),
        3 => (node(), node()).prop_map(|(at, to)| Operation::Tell { at, to }),
        2 => (node(), node(), nth()).prop_map(|(at, to, nth)| Operation::TellRow { at, to, nth }),
        6 => (node(), 1..9_usize).prop_map(|(at, count)| Operation::Draw { at, count }),
        2 => node().prop_map(|at| Operation::Settle { at }),
        1 => (node(), nth()).prop_map(|(at, nth)| Operation::Release { at, nth }),
        1 => (node(), 1..290_i64, 0..9_i64)
            .prop_map(|(at, start, count)| Operation::Occupy { at, start, count }),
        2 => (node(), node(), crash())
            .prop_map(|(at, to, crash)| Operation::Share { at, to, crash }),
        1 => (node(), node(), crash())
            .prop_map(|(at, to, crash)| Operation::HandOver { at, to, crash }),
        1 => Just(Operation::Join),
        1 => node().prop_map(|at| Operation::Crash { at }),
        2 => node().prop_map(|at| Operation::Start { at }),
        2 => node().prop_map(|at| Operation::BackUp { at }),
        1 => (node(), nth()).prop_map(|(at, nth)| Operation::Restore { at, nth }),
        4 => (node(), node()).prop_map(|(at, from)| Operation::Hear { at, from }),
    ]
}

fn crash() -> impl Strategy<Value = Crash> {
    prop_oneof![
        8 => Just(Crash::No),
        1 => Just(Crash::BeforeRecording),
        1 => Just(Crash::BeforeTelling),
    ]
}
