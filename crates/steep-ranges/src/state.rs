use crate::{Grant, IdRange, MergeError, RangeSet, Row, Space, Stripe, Title, titles::Titles};
use alloc::{
    boxed::Box,
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};
use steep_types::NodeId;

/// What is known of one table's ids: who owns which blocks, who holds which ranges.
///
/// Plain knowledge, the same type for what a node stores and what it hears. Acting on it is for
/// [`Allocator`](crate::Allocator).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    space: Space,
    titles: Titles,
    /// By first id; no two overlap.
    grants: BTreeMap<i64, Grant>,
    /// The highest request of each holder.
    last_requests: BTreeMap<NodeId, u64>,
    occupied: RangeSet,
    /// All ids of grants and of `occupied`, so that what is free is found without reading rows.
    taken: RangeSet,
}

/// Why a table cannot be shared by these nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FoundError {
    /// There is nobody to own the ids.
    #[error("no node is named to own the ids")]
    NoOwner,
    /// There are more nodes than blocks.
    #[error("{owners} nodes cannot share {blocks} blocks")]
    TooManyOwners {
        /// The nodes.
        owners: usize,
        /// The blocks.
        blocks: u64,
    },
}

impl State {
    /// Nothing is known yet, as on a node that joins.
    #[must_use]
    pub const fn empty(space: Space) -> Self {
        Self {
            space,
            titles: Titles::new(),
            grants: BTreeMap::new(),
            last_requests: BTreeMap::new(),
            occupied: RangeSet::new(),
            taken: RangeSet::new(),
        }
    }

    /// A table that begins to be managed on `owners`, each with a stripe.
    ///
    /// The same nodes, in whatever order, make the same state. So it does no harm if a table is
    /// founded twice with the same members; with others, the two contradict each other when merged.
    ///
    /// # Errors
    /// There are no owners, or more than blocks.
    pub fn found<'a>(
        space: Space,
        owners: impl IntoIterator<Item = &'a NodeId>,
    ) -> Result<Self, FoundError> {
        let owners: BTreeSet<&NodeId> = owners.into_iter().collect();
        if owners.is_empty() {
            return Err(FoundError::NoOwner);
        }
        let too_many = FoundError::TooManyOwners { owners: owners.len(), blocks: space.blocks() };
        if owners.len() as u64 > space.blocks() {
            return Err(too_many);
        }
        let stripes = split(owners.len()).ok_or(too_many)?;
        let mut state = Self::empty(space);
        for (stripe, owner) in stripes.into_iter().zip(owners) {
            let owner = owner.clone();
            state.put(&Row::Title(Title { stripe, generation: 0, from_block: 0, owner }));
        }
        Ok(state)
    }

    /// The table's ids and blocks.
    #[must_use]
    pub const fn space(&self) -> Space {
        self.space
    }

    /// All titles, those that have ended among them.
    pub fn titles(&self) -> impl Iterator<Item = &Title> {
        self.titles.iter()
    }

    /// All grants, by first id.
    pub fn grants(&self) -> impl DoubleEndedIterator<Item = &Grant> {
        self.grants.values()
    }

    /// The grant whose range holds `id`.
    #[must_use]
    pub fn grant_of(&self, id: i64) -> Option<&Grant> {
        let (_, grant) = self.grants.range(..=id).next_back()?;
        grant.range.contains(id).then_some(grant)
    }

    /// Ids that exist though nobody drew them.
    #[must_use]
    pub const fn occupied(&self) -> &RangeSet {
        &self.occupied
    }

    /// Who alone may grant `id`, or has; nobody if it is no id of the table, or its title is not
    /// known here.
    #[must_use]
    pub fn owner_of(&self, id: i64) -> Option<&NodeId> {
        let block = self.space.ids().contains(id).then(|| self.space.block_of(id))?;
        Some(&self.titles.of_block(block)?.owner)
    }

    /// How many ids are neither granted nor occupied.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.taken.count_gaps(self.space.ids())
    }

    pub(crate) fn last_request(&self, holder: &NodeId) -> Option<u64> {
        self.last_requests.get(holder).copied()
    }

    pub(crate) const fn taken(&self) -> &RangeSet {
        &self.taken
    }

    pub(crate) const fn all_titles(&self) -> &Titles {
        &self.titles
    }

    pub(crate) fn check_row(&self, row: &Row) -> Result<(), MergeError> {
        match row {
            Row::Title(theirs) => self.check_title(theirs),
            Row::Grant(theirs) => self.check_grant(theirs),
            Row::Occupied(_) => Ok(()),
        }
    }

    fn check_title(&self, theirs: &Title) -> Result<(), MergeError> {
        match self.titles.contradicting(theirs) {
            Some(ours) => Err(MergeError::Title { ours: boxed(ours), theirs: boxed(theirs) }),
            None => Ok(()),
        }
    }

    fn check_grant(&self, theirs: &Grant) -> Result<(), MergeError> {
        let ids = self.space.ids();
        if theirs.range.intersection(ids) != Some(theirs.range) {
            return Err(MergeError::Outside { ids, theirs: boxed(theirs) });
        }
        // Ours do not overlap each other: the last one that starts early enough is the one to ask.
        let (_, ours) = match self.grants.range(..=theirs.range.end()).next_back() {
            Some(last) if last.1.range.overlaps(theirs.range) => last,
            _ => return Ok(()),
        };
        if ours.is_same_as(theirs) {
            return Ok(());
        }
        Err(MergeError::Overlap { ours: boxed(ours), theirs: boxed(theirs) })
    }

    /// Takes in a row that was checked.
    pub(crate) fn put(&mut self, row: &Row) -> bool {
        match row {
            Row::Title(title) => self.titles.insert(title.clone(), self.space, &self.taken),
            Row::Grant(grant) => self.put_grant(grant),
            // What lies outside the space is granted to nobody anyway.
            Row::Occupied(range) => match range.intersection(self.space.ids()) {
                Some(range) => {
                    self.take(range);
                    self.occupied.insert(range)
                }
                None => false,
            },
        }
    }

    fn put_grant(&mut self, grant: &Grant) -> bool {
        if let Some(ours) = self.grants.get_mut(&grant.range.start()) {
            let is_later = grant.status > ours.status;
            ours.status = ours.status.max(grant.status);
            return is_later;
        }
        self.take(grant.range);
        self.grants.insert(grant.range.start(), grant.clone());
        match self.last_requests.get_mut(&grant.holder) {
            Some(last) => *last = (*last).max(grant.request),
            None => drop(self.last_requests.insert(grant.holder.clone(), grant.request)),
        }
        true
    }

    fn take(&mut self, range: IdRange) {
        if self.taken.insert(range) {
            self.titles.move_up(self.space, &self.taken);
        }
    }
}

fn boxed<T: Clone>(row: &T) -> Box<T> {
    Box::new(row.clone())
}

/// All blocks in `count` stripes, as equal as halving makes them.
fn split(count: usize) -> Option<Vec<Stripe>> {
    let mut stripes = BTreeSet::from([Stripe::ALL]);
    while stripes.len() < count {
        let widest = stripes.pop_first()?;
        let (one, other) = widest.halves()?;
        stripes.extend([one, other]);
    }
    // The lowest blocks to the first owner, so that ids begin at 1.
    let mut stripes: Vec<_> = stripes.into_iter().collect();
    stripes.sort_by_key(|stripe| stripe.remainder());
    Some(stripes)
}
