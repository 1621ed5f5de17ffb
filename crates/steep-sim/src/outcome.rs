use crate::{Invariant, Plan};
use std::collections::BTreeSet;
use std::fmt;
use steep_topology::{Acting, Mandate};
use steep_types::Term;

/// What came of a run.
#[derive(Debug)]
pub struct Outcome {
    /// What it was.
    pub plan: Plan,
    /// How many founders there were.
    pub nodes: usize,
    /// The first thing that did not hold.
    pub violation: Option<Violation>,
    /// Numbers, for people and for tests of numbers.
    pub stats: Stats,
    /// What happened, if it was to be written down.
    pub trace: String,
}

/// Something that does not hold.
#[derive(Clone, Debug)]
pub struct Violation {
    /// Which invariant.
    pub invariant: Invariant,
    /// Who, and how.
    pub what: String,
    /// When, in microseconds of true time.
    pub at: u64,
}

/// What happened how often.
#[derive(Clone, Debug, Default)]
pub struct Stats {
    /// How much time passed, in microseconds.
    pub lasted: u64,
    /// Everything that happened.
    pub events: u64,
    /// Messages that were handed to the network.
    pub messages: u64,
    /// Elected coordinators that came to act.
    pub reigns: u64,
    /// Times that a node began to act alone.
    pub alone: u64,
    /// Commands that a quorum has written down.
    pub commands: u64,
    /// How long it took after the last fault until all members followed a coordinator, in
    /// microseconds; nothing if that was not looked at.
    pub recovery: Option<u64>,
    seen: BTreeSet<(usize, Term, bool)>,
}

impl Stats {
    pub(crate) fn acts(&mut self, node: usize, acting: Acting) {
        let is_alone = acting.mandate == Mandate::Alone;
        if self.seen.insert((node, acting.term, is_alone)) {
            *(if is_alone { &mut self.alone } else { &mut self.reigns }) += 1;
        }
    }
}

impl Outcome {
    /// The command that repeats it.
    #[must_use]
    pub fn command(&self) -> String {
        let Plan { seed, nodes, broken, .. } = self.plan;
        let nodes = nodes.map(|nodes| format!(" --nodes {nodes}")).unwrap_or_default();
        let broken = broken.map(|broken| format!(" --broken {broken}")).unwrap_or_default();
        format!("cargo xtask sim --seeds 1 --seed {seed}{nodes}{broken} --trace")
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, micros) = (self.at / 1_000_000, self.at % 1_000_000);
        write!(f, "{} is violated at {seconds}.{micros:06} s: {}", self.invariant, self.what)
    }
}
