//! What can happen in a mesh, as data: one type serves every property.

use super::{Key, Mesh, Settings};
use proptest::{
    collection::vec,
    option,
    prelude::*,
    test_runner::{Config, RngSeed},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edit {
    pub key: Key,
    pub delete: bool,
    pub unique: [Option<u8>; 2],
}

#[derive(Clone, Debug)]
pub enum Operation {
    Commit {
        at: usize,
        edits: Vec<Edit>,
        tick: i64,
    },
    Deliver {
        to: usize,
        from: usize,
    },
    Beat {
        at: usize,
    },
    /// Two nodes catch up with each other and exchange heartbeats, while the others hear nothing.
    Exchange {
        one: usize,
        other: usize,
    },
    /// The stream of `from` starts again `back` transactions earlier.
    Redeliver {
        to: usize,
        from: usize,
        back: usize,
    },
    Prune {
        at: usize,
    },
    Freeze {
        at: usize,
    },
}

/// Which operations a property is about.
#[derive(Clone, Copy, Debug, Default)]
pub struct Profile {
    pub unique: bool,
    pub beats: bool,
    pub redelivery: bool,
    pub freeze: bool,
    /// The clock advances before every commit, so one node never uses a timestamp twice.
    pub ticking: bool,
    /// One edit per transaction.
    pub single: bool,
}

const KEYS: u8 = 4;
const UNIQUE_VALUES: u8 = 3;

/// Sequences of operations for meshes of up to four nodes; take indexes modulo the size.
pub fn operations(profile: Profile) -> impl Strategy<Value = Vec<Operation>> {
    let unique = move || {
        option::weighted(0.7, 0..UNIQUE_VALUES)
            .prop_map(move |value| value.filter(|_| profile.unique))
    };
    let edit = (0..KEYS, prop::bool::weighted(0.25), unique(), unique())
        .prop_map(|(key, delete, a, b)| Edit { key, delete, unique: [a, b] });
    let tick = if profile.ticking { 1..4_i64 } else { 0..3_i64 };
    let edits = vec(edit, 1..if profile.single { 2 } else { 4 });
    let commit = (0..4_usize, edits, tick).prop_map(|(at, edits, tick)| Operation::Commit {
        at,
        edits,
        tick,
    });
    let weight = |on: bool| u32::from(on) * 2;
    let pair = || (0..4_usize, 0..4_usize);
    vec(
        prop_oneof![
            5 => commit,
            8 => pair().prop_map(|(to, from)| Operation::Deliver { to, from }),
            weight(profile.beats) => (0..4_usize).prop_map(|at| Operation::Beat { at }),
            weight(profile.beats) => (0..4_usize).prop_map(|at| Operation::Prune { at }),
            weight(profile.beats) => pair().prop_map(|(one, other)| Operation::Exchange { one, other }),
            weight(profile.redelivery) => (pair(), 1..4_usize)
                .prop_map(|((to, from), back)| Operation::Redeliver { to, from, back }),
            weight(profile.freeze) => (0..4_usize).prop_map(|at| Operation::Freeze { at }),
        ],
        1..40,
    )
}

/// A fixed number of cases from a fixed seed; `STEEP_SEED` chooses another.
pub fn config(cases: u32) -> Config {
    #[expect(clippy::disallowed_methods, reason = "a test may be told its seed")]
    let seed =
        std::env::var("STEEP_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0x5745);
    eprintln!("seed {seed}, {cases} cases; repeat with STEEP_SEED={seed}");
    Config { cases, rng_seed: RngSeed::Fixed(seed), failure_persistence: None, ..Config::default() }
}

impl Mesh {
    /// Runs the operations, then delivers everything to everyone.
    pub fn run(size: usize, settings: Settings, operations: &[Operation]) -> Self {
        let mut mesh = Self::new(size, settings);
        for operation in operations {
            mesh.step(operation);
        }
        mesh.settle();
        mesh
    }

    pub fn step(&mut self, operation: &Operation) {
        let size = self.size();
        match operation {
            Operation::Commit { at, edits, tick } => self.commit(at % size, edits, *tick),
            Operation::Deliver { to, from } => {
                self.deliver(to % size, from % size);
            }
            Operation::Beat { at } => self.beat(at % size),
            Operation::Exchange { one, other } => self.exchange(one % size, other % size),
            Operation::Prune { at } => self.prune(at % size),
            Operation::Freeze { at } => self.freeze(at % size, self.allowed_horizon(at % size)),
            Operation::Redeliver { to, from, back } if to % size != from % size => {
                let applied = &mut self.nodes[to % size].applied[from % size];
                *applied = applied.saturating_sub(*back);
            }
            Operation::Redeliver { .. } => {}
        }
    }

    /// The same run, but every transaction arrives twice.
    pub fn run_doubled(size: usize, settings: Settings, operations: &[Operation]) -> Self {
        let mut mesh = Self::new(size, settings);
        for operation in operations {
            match operation {
                Operation::Deliver { to, from } => {
                    if mesh.deliver(to % size, from % size) {
                        mesh.step(&Operation::Redeliver { to: *to, from: *from, back: 1 });
                        mesh.deliver(to % size, from % size);
                    }
                }
                other => mesh.step(other),
            }
        }
        mesh.settle();
        mesh
    }

    /// Delivers everything, and what that gives rise to, to every node.
    pub fn settle(&mut self) {
        for to in 0..self.size() {
            self.catch_up(to);
        }
        let behind = |node: &super::Node| {
            (0..self.size()).any(|from| node.applied[from] < self.streams[from].len())
        };
        if self.nodes.iter().any(behind) {
            self.settle();
        }
    }

    fn exchange(&mut self, one: usize, other: usize) {
        for (from, to) in [(one, other), (other, one), (one, other)] {
            self.beat(from);
            while self.deliver(to, from) {}
        }
    }

    /// Delivers to one node all there is, one stream after the other.
    pub fn catch_up(&mut self, to: usize) {
        for from in 0..self.size() {
            while self.deliver(to, from) {}
        }
    }
}
