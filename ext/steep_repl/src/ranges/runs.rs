//! The ids that a sequence draws without being moved.

use steep_ranges::{Draw, IdRange, Position, Supply};

/// Ids that follow each other, of one range or of several that touch, in the order of their turns.
#[derive(Debug, Clone)]
pub(super) struct Runs {
    supply: Supply,
    all: Vec<IdRange>,
}

/// Where a sequence goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// With these ids.
    Run(IdRange),
    /// Nowhere: this node has no more.
    None,
    /// It stands where this node has no ids, so that nobody knows what was drawn.
    Lost,
}

impl Runs {
    pub(super) fn of(supply: Supply) -> Self {
        let mut all: Vec<IdRange> = Vec::new();
        let mut position = Position::Fresh;
        while let Draw::Next(piece) = supply.next(position) {
            position = Position::At(piece.end());
            let follows = |last: &&mut IdRange| last.end() + 1 == piece.start();
            match all.last_mut().filter(follows) {
                Some(last) => *last = joined(last.start(), piece.end()).unwrap_or(*last),
                None => all.push(piece),
            }
        }
        Self { supply, all }
    }

    /// The run that holds an id.
    pub(super) fn at(&self, id: i64) -> Option<IdRange> {
        self.all.iter().copied().find(|run| run.contains(id))
    }

    /// What of `ids` lies around an id and in no run.
    pub(super) fn gap(&self, ids: IdRange, id: i64) -> (i64, i64) {
        let below = self.all.iter().map(|run| run.end() + 1).filter(|&first| first <= id).max();
        let above = self.all.iter().map(|run| run.start() - 1).filter(|&last| last >= id).min();
        let (first, last) = (below.unwrap_or(i64::MIN), above.unwrap_or(i64::MAX));
        (first.max(ids.start()), last.min(ids.end()))
    }

    /// The first run with `least` ids after the one that a sequence at `id` is in, or after `id` if it is in
    /// none: ids may have been found to exist, or ranges given up, where it stands. Never one before.
    pub(super) fn after(&self, id: i64, least: u64) -> Next {
        let rest = match self.all.iter().position(|run| run.contains(id)) {
            Some(current) => self.all[current + 1..].to_vec(),
            None => match self.supply.next(Position::At(id)) {
                Draw::Next(piece) => self.from(piece),
                Draw::Empty => Vec::new(),
                Draw::Lost => return Next::Lost,
            },
        };
        rest.into_iter().find(|run| run.len() >= least).map_or(Next::None, Next::Run)
    }

    /// Whether a sequence at `position` has an id of a run yet to draw.
    pub(super) fn is_ahead(&self, position: i64, id: i64) -> bool {
        let place = |id: i64| self.all.iter().position(|run| run.contains(id));
        match (place(position), place(id)) {
            (Some(current), Some(of_id)) if current == of_id => position < id,
            (Some(current), Some(of_id)) => current < of_id,
            _ => true,
        }
    }

    /// The first of all, for a sequence that was drawn from none of them.
    pub(super) fn first(&self, least: u64) -> Option<IdRange> {
        self.all.iter().copied().find(|run| run.len() >= least)
    }

    /// The run of a piece from there on, and those after it.
    fn from(&self, piece: IdRange) -> Vec<IdRange> {
        let later = self.all.iter().skip_while(|run| !run.contains(piece.start()));
        let cut = |run: &IdRange| match run.contains(piece.start()) {
            true => joined(piece.start(), run.end()).unwrap_or(*run),
            false => *run,
        };
        later.map(cut).collect()
    }
}

fn joined(start: i64, end: i64) -> Option<IdRange> {
    IdRange::new(start, end).ok()
}
