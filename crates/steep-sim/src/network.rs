use crate::Random;

/// Who can send to whom, and what becomes of messages. Each direction is by itself.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    nodes: usize,
    is_cut: Vec<bool>,
    /// Of a thousand messages.
    pub(crate) lost: u64,
    pub(crate) doubled: u64,
    /// The slowest message, in microseconds. They overtake each other.
    pub(crate) slowest: u64,
}

impl Network {
    const FASTEST: u64 = 500;
    pub(crate) const SLOWEST_WHEN_HEALED: u64 = 20_000;

    pub(crate) fn new(nodes: usize) -> Self {
        Self {
            nodes,
            is_cut: vec![false; nodes * nodes],
            lost: 0,
            doubled: 0,
            slowest: Self::SLOWEST_WHEN_HEALED,
        }
    }

    pub(crate) fn heal(&mut self) {
        *self = Self::new(self.nodes);
    }

    pub(crate) fn mend_cuts(&mut self) {
        self.is_cut.fill(false);
    }

    pub(crate) fn cut(&mut self, from: usize, to: usize) {
        self.is_cut[from * self.nodes + to] = true;
    }

    pub(crate) fn isolate(&mut self, node: usize) {
        for other in (0..self.nodes).filter(|other| *other != node) {
            self.cut(node, other);
            self.cut(other, node);
        }
    }

    pub(crate) fn is_cut(&self, from: usize, to: usize) -> bool {
        self.is_cut[from * self.nodes + to]
    }

    /// When each copy of a message arrives, from now: none, one, or two.
    pub(crate) fn delays(&self, from: usize, to: usize, random: &mut Random) -> [Option<u64>; 2] {
        if self.is_cut(from, to) || random.is(self.lost) {
            return [None, None];
        }
        let first = random.within(Self::FASTEST, self.slowest);
        let second = random.is(self.doubled).then(|| random.within(Self::FASTEST, self.slowest));
        [Some(first), second]
    }
}
