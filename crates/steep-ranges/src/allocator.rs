use crate::{Grant, IdRange, MergeError, Request, Row, State, Status};
use alloc::{collections::BTreeSet, vec::Vec};
use steep_types::NodeId;

/// One node's part in one table's ids: what it knows, and what it may give away.
///
/// # Contract
/// * There is one at a time for a node and a table, made by [`Allocator::open`] from the rows that
///   the node has recorded, or by [`Allocator::restored`] if those may be older than what the node
///   has told others.
/// * **Record, then tell.** Rows that a method returns are recorded durably, in one transaction,
///   before anybody is told of them or anything is drawn from them. If recording fails, the
///   allocator is dropped and opened anew.
/// * Rows of others are merged whenever they come, in any order, as often as they come.
#[derive(Clone, Debug)]
pub struct Allocator {
    pub(crate) me: NodeId,
    pub(crate) state: State,
    /// Peers that may know more of this node's past than it does itself.
    pub(crate) unheard: BTreeSet<NodeId>,
}

/// How far into the space a grant may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// Up to [`Space::routine_end`](crate::Space::routine_end).
    Routine,
    /// To the last id, because a person said so.
    Forced,
}

/// Why a node grants nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GrantError {
    /// No id was asked for.
    #[error("node {holder} asks for a range of 0 ids")]
    Empty {
        /// Who asked.
        holder: NodeId,
    },
    /// This node was restored, and cannot know what it has granted. Another may be asked.
    #[error("node {granter} was restored and has not heard from node {peer} yet")]
    Restored {
        /// This node.
        granter: NodeId,
        /// One of those it waits for.
        peer: NodeId,
    },
    /// All blocks of this node are used up, or it never had any. Another may be asked.
    #[error("node {granter} owns no free id; {left} are left in the table")]
    NoneLeft {
        /// This node.
        granter: NodeId,
        /// Free ids of all nodes together.
        left: u64,
    },
    /// This node's blocks are used up to the end that is kept back; see [`Urgency::Forced`].
    #[error(
        "only ids above {routine_end} are left, which are kept back; {left} are left in the table"
    )]
    Margin {
        /// The last id of routine grants.
        routine_end: i64,
        /// Free ids of all nodes together.
        left: u64,
    },
}

impl Allocator {
    /// Goes on from what the node has recorded, to the last row that it told anybody.
    #[must_use]
    pub const fn open(me: NodeId, state: State) -> Self {
        Self { me, state, unheard: BTreeSet::new() }
    }

    /// What the node knows.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// The node whose part this is.
    #[must_use]
    pub const fn node(&self) -> &NodeId {
        &self.me
    }

    /// What to ask for when `size` ids are wanted. Whom: [`State::granter`].
    #[must_use]
    pub fn request(&self, size: u64) -> Request {
        let last = self.state.last_request(&self.me);
        Request { holder: self.me.clone(), number: last.map_or(0, |last| last + 1), size }
    }

    /// Answers a request, of this node itself or of another, from this node's own blocks.
    ///
    /// Needs nobody's consent and no contact. To be recorded, then told. A request that was
    /// answered before gets the same range. A range ends with its block, so it may be short.
    ///
    /// # Errors
    /// [`GrantError`] says why not; nothing was changed. Except for `Empty`, another node may grant.
    pub fn grant(&mut self, request: &Request, urgency: Urgency) -> Result<Grant, GrantError> {
        if request.size == 0 {
            return Err(GrantError::Empty { holder: request.holder.clone() });
        }
        if let Some(peer) = self.unheard.first() {
            return Err(GrantError::Restored { granter: self.me.clone(), peer: peer.clone() });
        }
        if let Some(earlier) = self.answer_to(request) {
            return Ok(earlier.clone());
        }
        let grant = Grant {
            range: self.free(urgency)?.first(request.size),
            holder: request.holder.clone(),
            granter: self.me.clone(),
            request: request.number,
            status: Status::Granted,
        };
        self.state.put(&Row::Grant(grant.clone()));
        Ok(grant)
    }

    fn answer_to(&self, request: &Request) -> Option<&Grant> {
        // Nearly every request is new, which shows without looking at all ranges.
        self.state.last_request(&request.holder).filter(|&last| request.number <= last)?;
        self.state.grants().find(|grant| {
            grant.request == request.number
                && grant.holder == request.holder
                && grant.granter == self.me
        })
    }

    fn free(&self, urgency: Urgency) -> Result<IdRange, GrantError> {
        let space = self.state.space();
        let Some(free) = self.state.first_free(&self.me) else {
            return Err(GrantError::NoneLeft { granter: self.me.clone(), left: self.state.left() });
        };
        let routine = IdRange::within(space.ids().start(), space.routine_end());
        match urgency {
            Urgency::Forced => Ok(free),
            Urgency::Routine => free.intersection(routine).ok_or_else(|| GrantError::Margin {
                routine_end: space.routine_end(),
                left: self.state.left(),
            }),
        }
    }

    /// Takes in one row that another node, or the data, has told; says whether it was new.
    ///
    /// # Errors
    /// The row contradicts what is known. Nothing was changed.
    pub fn merge_row(&mut self, row: &Row) -> Result<bool, MergeError> {
        match row {
            Row::Grant(grant) if self.is_of_an_earlier_life(grant) => {
                let spent = Grant { status: grant.status.max(Status::Exhausted), ..grant.clone() };
                self.state.merge_row(&Row::Grant(spent))
            }
            _ => self.state.merge_row(row),
        }
    }

    /// Takes in all that another node knows; says whether any of it was new.
    ///
    /// # Errors
    /// Something contradicts what is known. Nothing was changed.
    pub fn merge(&mut self, other: &State) -> Result<bool, MergeError> {
        let earlier = other.grants().filter(|grant| self.is_of_an_earlier_life(grant));
        let earlier: Vec<_> = earlier.map(|grant| grant.range).collect();
        let new = self.state.merge(other)?;
        self.exhaust(&earlier);
        Ok(new)
    }

    /// Notes ids that exist though nobody drew them: what the table held when it was founded, an
    /// import, what it holds after a restart. Returns the row to be recorded, and told to all.
    ///
    /// It keeps *later* grants off these ids. A range that was granted before keeps them, and its
    /// holder passes over them; see [`Supply`](crate::Supply).
    pub fn occupy(&mut self, range: IdRange) -> Row {
        let row = Row::Occupied(range);
        self.state.put(&row);
        row
    }

    /// The ranges that this node was ever given.
    pub(crate) fn held(&self) -> impl Iterator<Item = &Grant> {
        self.state.grants().filter(|grant| grant.holder == self.me)
    }
}
