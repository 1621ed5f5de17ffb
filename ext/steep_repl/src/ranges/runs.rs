//! The ids that a sequence draws without being moved.

use steep_ranges::{Draw, IdRange, Position, Supply};

/// Ids that follow each other, of one range or of several that touch, in the order of their turns.
#[derive(Debug, Clone, Default)]
pub(super) struct Runs(Vec<IdRange>);

/// A place in [`Runs`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Turn(usize);

impl Runs {
    pub(super) fn of(supply: &Supply) -> Self {
        let mut runs: Vec<IdRange> = Vec::new();
        let mut position = Position::Fresh;
        while let Draw::Next(piece) = supply.next(position) {
            position = Position::At(piece.end());
            let follows = |last: &&mut IdRange| last.end() + 1 == piece.start();
            match runs.last_mut().filter(follows) {
                Some(last) => *last = joined(*last, piece),
                None => runs.push(piece),
            }
        }
        Self(runs)
    }

    /// The run that holds an id.
    pub(super) fn at(&self, id: i64) -> Option<(Turn, IdRange)> {
        let place = self.0.iter().position(|run| run.contains(id))?;
        Some((Turn(place), self.0[place]))
    }

    /// What of `ids` lies around an id and in no run.
    pub(super) fn gap(&self, ids: IdRange, id: i64) -> (i64, i64) {
        let below = self.0.iter().map(|run| run.end() + 1).filter(|&first| first <= id).max();
        let above = self.0.iter().map(|run| run.start() - 1).filter(|&last| last >= id).min();
        let (first, last) = (below.unwrap_or(i64::MIN), above.unwrap_or(i64::MAX));
        (first.max(ids.start()), last.min(ids.end()))
    }

    /// The first run after `turn` (the first of all for `None`) that holds `least` ids.
    pub(super) fn after(&self, turn: Option<Turn>, least: u64) -> Option<IdRange> {
        let first = turn.map_or(0, |Turn(place)| place + 1);
        self.0.iter().skip(first).copied().find(|run| run.len() >= least)
    }
}

fn joined(one: IdRange, next: IdRange) -> IdRange {
    // They touch, so the two ends are in order.
    IdRange::new(one.start(), next.end()).unwrap_or(one)
}
