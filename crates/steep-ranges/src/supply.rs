use crate::{Grant, IdRange, RangeSet, Status, Stock, holder::turn};
use alloc::vec::Vec;

/// Where a sequence stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// Nothing was drawn from it, ever (`is_called` is false).
    Fresh,
    /// The id drawn last; with `CACHE`, the last one set aside (`last_value`).
    At(i64),
}

/// What a sequence is to draw next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Draw {
    /// These ids, ascending, before anybody is asked again.
    Next(IdRange),
    /// Nothing is left. A range has to be granted first.
    Empty,
    /// The sequence stands where none of the node's ranges is: a crash, `setval` or a restore
    /// moved it. How far the ranges were used is not known.
    ///
    /// The way out, where no session can hold ids that are drawn and not yet visible (after a
    /// restart): [`occupy`](crate::Allocator::occupy) what the table holds of the node's ranges,
    /// and go on as [`Position::Fresh`]. Otherwise: [`give_up`](crate::Allocator::give_up) the
    /// ranges and be granted another.
    Lost,
}

/// The ids that a node can still draw, in the order in which it draws them.
///
/// Ids that are occupied are passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Supply {
    /// Ranges in use and in reserve, by turn.
    active: Vec<(u64, IdRange)>,
    /// What of them can be drawn, in order.
    pieces: Vec<(u64, IdRange)>,
    /// Ranges that are done with.
    spent: RangeSet,
}

impl Supply {
    pub(crate) fn new<'a>(held: impl Iterator<Item = &'a Grant>, occupied: &RangeSet) -> Self {
        let (mut active, mut spent) = (Vec::new(), RangeSet::new());
        for grant in held {
            if let Some(turn) = turn(grant) {
                active.push((turn, grant.range));
            } else if grant.status >= Status::Exhausted {
                spent.insert(grant.range);
            }
        }
        active.sort_unstable();
        let drawable = |&(turn, range)| occupied.gaps(range).map(move |piece| (turn, piece));
        let pieces = active.iter().flat_map(drawable).collect();
        Self { active, pieces, spent }
    }

    /// Where a sequence at `position` goes on.
    ///
    /// Never goes back to a range whose turn is past, whether or not that was marked as used up.
    /// Nothing needs to be recorded between one range and the next: a crash in between finds the
    /// sequence in one of them.
    #[must_use]
    pub fn next(&self, position: Position) -> Draw {
        match self.rest(position) {
            None => Draw::Lost,
            Some(mut rest) => rest.next().map_or(Draw::Empty, |(_, piece)| Draw::Next(piece)),
        }
    }

    /// How much is left for a sequence at `position`. If that is [lost](Draw::Lost): nothing.
    #[must_use]
    pub fn stock(&self, position: Position) -> Stock {
        let rest: Vec<_> = self.rest(position).into_iter().flatten().collect();
        // A sequence at the very end of a range is still in it, so that it shows as 100 % used.
        let current = match position {
            Position::At(id) => self.turn_at(id),
            Position::Fresh => None,
        };
        let current = current.or_else(|| rest.first().map(|&(turn, _)| turn));
        let of_current = |turn: u64| Some(turn) == current;
        let range = self.active.iter().find(|&&(turn, _)| of_current(turn));
        let left = |is_current: bool| {
            let pieces = rest.iter().filter(|&&(turn, _)| of_current(turn) == is_current);
            pieces.map(|(_, piece)| piece.len()).sum()
        };
        Stock { range: range.map(|&(_, range)| range), left: left(true), reserve: left(false) }
    }

    /// What is to be drawn after `position`, in order, or nothing if that is lost.
    fn rest(&self, position: Position) -> Option<impl Iterator<Item = (u64, IdRange)>> {
        let drawn = match position {
            Position::Fresh => None,
            Position::At(id) => match self.turn_at(id) {
                Some(turn) => Some((turn, id)),
                // Ranges are done with in the order of their turns: what is active comes after.
                None if self.spent.contains(id) => None,
                None => return None,
            },
        };
        Some(self.pieces.iter().filter_map(move |&(turn, piece)| match drawn {
            Some((current, _)) if turn < current => None,
            Some((current, id)) if turn == current => Some((turn, piece.above(id)?)),
            _ => Some((turn, piece)),
        }))
    }

    fn turn_at(&self, id: i64) -> Option<u64> {
        self.active.iter().find(|(_, range)| range.contains(id)).map(|&(turn, _)| turn)
    }
}
