use crate::{Grant, IdRange, Space, State, Title};
use alloc::boxed::Box;

/// One thing that a node can know of a table's ids; what is stored and what travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// Who owns which blocks.
    Title(Title),
    /// Who may draw which ids.
    Grant(Grant),
    /// Ids that exist though nobody drew them: rows from before the table was managed, explicit
    /// ids, imports. They are granted to nobody. Such rows may overlap each other and grants.
    Occupied(IdRange),
}

/// Why a row cannot be true together with what is known.
///
/// It means that an assumption of the no-overlap theorem was broken: two servers with one node's
/// id, a restored node that did not know it was restored, a table founded twice. Nothing was
/// changed. A person has to find out which; merging either way would hide it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MergeError {
    /// The ids of the table are cut into other blocks there.
    #[error("{theirs} do not match {ours}")]
    Space {
        /// As known here.
        ours: Space,
        /// As known there.
        theirs: Space,
    },
    /// Two grants share ids, and are not the same.
    #[error("{theirs} overlaps {ours}")]
    Overlap {
        /// The one known here.
        ours: Box<Grant>,
        /// The other.
        theirs: Box<Grant>,
    },
    /// A grant leaves the table's ids.
    #[error("{theirs} is not within {ids}")]
    Outside {
        /// All ids.
        ids: IdRange,
        /// The grant.
        theirs: Box<Grant>,
    },
    /// Two titles give the same blocks to different nodes.
    #[error("{theirs} contradicts {ours}")]
    Title {
        /// The one known here.
        ours: Box<Title>,
        /// The other.
        theirs: Box<Title>,
    },
}

impl State {
    /// Every row, from which [`State::merge_row`] makes the same state again, in any order.
    pub fn rows(&self) -> impl Iterator<Item = Row> {
        let titles = self.titles().cloned().map(Row::Title);
        let grants = self.grants().cloned().map(Row::Grant);
        let occupied = self.occupied().iter().map(Row::Occupied);
        titles.chain(grants).chain(occupied)
    }

    /// Takes in one row; says whether it told anything new.
    ///
    /// # Errors
    /// The row contradicts what is known. Nothing was changed.
    pub fn merge_row(&mut self, row: &Row) -> Result<bool, MergeError> {
        self.check_row(row)?;
        Ok(self.put(row))
    }

    /// Takes in everything that `other` knows; says whether any of it was new.
    ///
    /// Commutative, associative, idempotent: nodes that know the same rows know the same, however
    /// the rows came. A state is as good as its rows one by one, and an old one does no harm.
    ///
    /// # Errors
    /// A row contradicts what is known. Nothing was changed.
    pub fn merge(&mut self, other: &Self) -> Result<bool, MergeError> {
        let (ours, theirs) = (self.space(), other.space());
        if ours != theirs {
            return Err(MergeError::Space { ours, theirs });
        }
        // The rows of `other` agree among each other, so each needs to agree with ours only.
        other.rows().try_for_each(|row| self.check_row(&row))?;
        let mut new = false;
        for row in other.rows() {
            new |= self.put(&row);
        }
        Ok(new)
    }
}
