use crate::{Broken, Random};
use std::time::Duration;
use steep_topology::Settings;

/// What a run is to be like. Everything else comes from the seed.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// All chance comes from it.
    pub seed: u64,
    /// How many founders; nothing: 2 to 7.
    pub nodes: Option<usize>,
    /// What happens to them; nothing: one in eight is a return, the others are faults.
    pub scene: Option<Scene>,
    /// What the driver does wrong.
    pub broken: Option<Broken>,
    /// Whether everything is written down.
    pub traced: bool,
}

/// What happens to a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scene {
    /// Faults of all kinds and commands; then everything is mended, and it is looked whether the
    /// group comes to itself. In some runs one way between two nodes stays cut.
    Faults,
    /// Nothing happens, but that a node is cut off for a long time and comes back.
    Return,
    /// Nothing happens at all.
    Calm,
    /// Nothing happens, but one way from a node to another is cut from the beginning.
    OneWay {
        /// Whose messages do not arrive.
        from: usize,
        /// Where.
        to: usize,
    },
}

impl Plan {
    /// A run of everything.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { seed, nodes: None, scene: None, broken: None, traced: false }
    }

    /// Time from one look of a node to the next, in microseconds. Only ratios matter.
    pub const INTERVAL: u64 = 1_000_000;

    /// How long faults go on.
    pub(crate) const FAULTS: u64 = 30 * Self::INTERVAL;

    /// How long it is calm at the end: longer than a better node has to wait.
    pub(crate) const CALM: u64 = 12 * Self::INTERVAL;

    /// Within this time after the last fault there is a coordinator that all members follow: four
    /// leases.
    pub const RECOVERY: u64 = 16 * Self::INTERVAL;

    /// How long the longest promise lasts on the slowest clock, and a little.
    pub(crate) const PROMISES: u64 = 6 * Self::INTERVAL;

    /// How long members may be without a coordinator when one hands over to another: an election
    /// by nodes that are all there.
    pub const HANDOVER: u64 = Self::INTERVAL;

    /// How often it is looked.
    pub(crate) const LOOK: u64 = Self::INTERVAL / 4;

    /// The settings of all nodes: four intervals of lease.
    #[must_use]
    pub fn settings() -> Settings {
        let interval = Duration::from_micros(Self::INTERVAL);
        Settings::new(interval, interval * 3 / 2, 3).expect("constants that a test looks at")
    }

    /// In one of four runs each start draws a lease of its own.
    pub(crate) fn settings_of_one(seed: u64, random: &mut Random) -> Settings {
        let same = Self::settings();
        if !seed.is_multiple_of(4) {
            return same;
        }
        let lease = Duration::from_micros(random.within(3, 5) * Self::INTERVAL);
        same.with_lease(lease).expect("longer than two intervals, held")
    }

    pub(crate) fn scene(&self, random: &mut Random) -> Scene {
        let drawn = if random.is(125) { Scene::Return } else { Scene::Faults };
        self.scene.unwrap_or(drawn)
    }

    pub(crate) fn nodes(&self, random: &mut Random) -> usize {
        let drawn = random.within(2, 7) as usize;
        self.nodes.unwrap_or(drawn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_are_what_the_times_are_made_for() {
        let lease = Plan::settings().lease().as_micros() as u64;
        assert_eq!(lease, 4 * Plan::INTERVAL);
        assert_eq!(Plan::RECOVERY, 4 * lease);
    }
}
