//! What a node does with the ranges it holds.

use crate::{Allocator, Grant, Holdings, IdRange, Position, Row, Status, Supply};
use alloc::vec::Vec;

/// Why a range is not released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReleaseError {
    /// No range of this node starts there.
    #[error("no range of this node starts at {start}")]
    NotHeld {
        /// Where one was looked for.
        start: i64,
    },
    /// It was released before.
    #[error("range {range} was released before")]
    Released {
        /// The range.
        range: IdRange,
    },
}

impl Allocator {
    /// Gives each range that the node has learned of its turn. Returns the rows that changed.
    ///
    /// Ranges are drawn from in the order in which they were taken up, which may not be that of
    /// their ids. So one that is learned of late, after a crash or over a detour, is still used.
    pub fn take_up(&mut self) -> Vec<Row> {
        let mut new: Vec<_> = self.held().filter(|grant| grant.status == Status::Granted).collect();
        new.sort_by_key(|grant| (grant.request, grant.range));
        let new: Vec<_> = new.into_iter().map(|grant| grant.range).collect();
        let last = self.held().filter_map(turn).max();
        let turns = last.map_or(0, |last| last + 1)..;
        new.into_iter()
            .zip(turns)
            .map(|(range, turn)| self.set(range, Status::Active { turn }))
            .collect()
    }

    /// Marks what the sequence has left behind as exhausted. Returns the rows that changed.
    ///
    /// It may come late: [`Supply::next`] never goes back to an earlier turn. The range that the sequence
    /// is in stays active to its last id and beyond, as sessions may yet write ids of it that they drew.
    pub fn settle(&mut self, position: Position) -> Vec<Row> {
        let Position::At(id) = position else { return Vec::new() };
        let current = self.held().find(|grant| grant.range.contains(id)).and_then(turn);
        let Some(current) = current else { return Vec::new() };
        let is_drawn = |grant: &&Grant| turn(grant).is_some_and(|turn| turn < current);
        let drawn: Vec<_> = self.held().filter(is_drawn).map(|grant| grant.range).collect();
        self.exhaust(&drawn)
    }

    /// Gives up every range that is not used up: nobody knows how far they were used. Returns the
    /// rows that changed.
    pub fn give_up(&mut self) -> Vec<Row> {
        let open = self.held().filter(|grant| grant.status < Status::Exhausted);
        let open: Vec<_> = open.map(|grant| grant.range).collect();
        self.exhaust(&open)
    }

    /// Gives up the range that begins at `start`, for good. `position` is where the sequence
    /// stands. Returns the rows that changed.
    ///
    /// # Errors
    /// This node holds no such range, or has released it.
    pub fn release(&mut self, start: i64, position: Position) -> Result<Vec<Row>, ReleaseError> {
        let grant = self.held().find(|grant| grant.range.start() == start);
        let grant = grant.ok_or(ReleaseError::NotHeld { start })?;
        let range = grant.range;
        if grant.status == Status::Released {
            return Err(ReleaseError::Released { range });
        }
        // Before: once the range is released, its turn no longer says what came before it.
        let mut rows = self.settle(position);
        rows.retain(|row| !matches!(row, Row::Grant(grant) if grant.range == range));
        rows.push(self.set(range, Status::Released));
        Ok(rows)
    }

    /// The ids that may be written on this node, for the check.
    #[must_use]
    pub fn holdings(&self) -> Holdings {
        self.held().map(|grant| grant.range).collect()
    }

    /// The ids that are still to be drawn on this node, for the sequence.
    #[must_use]
    pub fn supply(&self) -> Supply {
        Supply::new(self.held(), self.state.occupied())
    }

    pub(crate) fn exhaust(&mut self, ranges: &[IdRange]) -> Vec<Row> {
        ranges.iter().map(|&range| self.set(range, Status::Exhausted)).collect()
    }

    fn set(&mut self, range: IdRange, status: Status) -> Row {
        let held = self.state.grant_of(range.start()).expect("a range that was just looked up");
        let row = Row::Grant(Grant { status: held.status.max(status), ..held.clone() });
        self.state.put(&row);
        row
    }
}

pub(crate) fn turn(grant: &Grant) -> Option<u64> {
    match grant.status {
        Status::Active { turn } => Some(turn),
        Status::Granted | Status::Exhausted | Status::Released => None,
    }
}
