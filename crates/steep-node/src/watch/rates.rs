//! How fast changes come on each link, and how fast they are applied.

use std::collections::BTreeMap;
use std::time::Duration;

use steep_pg::subscriptions::Found;
use steep_types::Lsn;

use super::facts::Facts;

/// Which position moves.
pub(super) type Position = fn(&Found) -> Option<&String>;

/// How fast a position of each link moves, from two looks.
#[derive(Debug, Clone, Default)]
pub(super) struct Rates {
    seen: BTreeMap<String, (Duration, u64)>,
}

impl Rates {
    /// Takes in a look; the bytes of each peer's WAL a second since the last.
    pub(super) fn observe(
        &mut self,
        now: Duration,
        facts: &Facts,
        position: Position,
    ) -> BTreeMap<String, f64> {
        let mut rates = BTreeMap::new();
        let mut seen = BTreeMap::new();
        for subscription in facts.node.iter().flat_map(|node| &node.subscriptions) {
            let position = subscription.found.as_ref().and_then(position);
            let Some(Ok(lsn)) = position.map(|text| text.parse::<Lsn>()) else { continue };
            if let Some((at, before)) = self.seen.get(&subscription.peer) {
                let seconds = now.saturating_sub(*at).as_secs_f64();
                let bytes = lsn.get().saturating_sub(*before);
                if seconds > 0.0 {
                    // Rates need no more than the 52 bits that f64 keeps.
                    #[allow(clippy::cast_precision_loss)]
                    rates.insert(subscription.peer.clone(), bytes as f64 / seconds);
                }
            }
            seen.insert(subscription.peer.clone(), (now, lsn.get()));
        }
        self.seen = seen;
        rates
    }
}

#[cfg(test)]
mod tests {
    use super::super::checks::samples;
    use super::*;

    #[test]
    fn a_rate_needs_two_looks_and_a_new_slot_has_none_below_zero() {
        let mut rates = Rates::default();
        let mut facts = samples::healthy();
        let mut look = |second, lsn: &str| {
            samples::incoming(&mut facts).received_lsn = Some(lsn.into());
            let received: Position = |found| found.received_lsn.as_ref();
            rates.observe(Duration::from_secs(second), &facts, received).get("b").copied()
        };
        assert_eq!(look(0, "0/1000"), None);
        assert_eq!(look(2, "0/2000"), Some(2048.0));
        assert_eq!(look(4, "0/500"), Some(0.0));
    }
}
