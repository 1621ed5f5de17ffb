//! A node whose records went back in time.

use crate::{Allocator, Grant, MergeError, State};
use alloc::vec::Vec;
use steep_types::NodeId;

impl Allocator {
    /// Goes on from records that are older than what the node has told others: a restored backup,
    /// a failover to a standby that had not received everything.
    ///
    /// `peers` are all other members. Until each of them has been [heard](Self::heard) the node
    /// gives nothing away. It can ask those it has heard for ranges, and draw from what they grant.
    /// The ranges that it held are given up: how far they were used is not known.
    ///
    /// When the node starts anew in between: [`reopen`](Self::reopen).
    #[must_use]
    pub fn restored(me: NodeId, state: State, peers: impl IntoIterator<Item = NodeId>) -> Self {
        let unheard = peers.into_iter().filter(|peer| *peer != me).collect();
        let mut allocator = Self { me, state, unheard };
        allocator.give_up();
        allocator
    }

    /// Goes on as a restored node that still waits for [`unheard`](Self::unheard) peers, from what it has
    /// recorded since.
    #[must_use]
    pub fn reopen(me: NodeId, state: State, unheard: impl IntoIterator<Item = NodeId>) -> Self {
        Self { me, state, unheard: unheard.into_iter().collect() }
    }

    /// Whom a restored node still waits for. To be recorded, like rows.
    pub fn unheard(&self) -> impl Iterator<Item = &NodeId> {
        self.unheard.iter()
    }

    /// A peer has told all it knows, after nothing that this node had sent before it was restored
    /// could reach that peer any more.
    ///
    /// # Errors
    /// Something contradicts what is known. Nothing was changed.
    pub fn heard(&mut self, peer: &NodeId, knows: &State) -> Result<(), MergeError> {
        let new = knows.grants().filter(|grant| grant.holder == self.me && self.is_unknown(grant));
        let new: Vec<_> = new.map(|grant| grant.range).collect();
        self.state.merge(knows)?;
        self.exhaust(&new);
        self.unheard.remove(peer);
        Ok(())
    }

    /// Whether this may be a range that the node used before it was restored. Peers that were
    /// heard have told what they granted before, so what else they grant is new.
    pub(crate) fn is_of_an_earlier_life(&self, grant: &Grant) -> bool {
        let granted_before = self.unheard.contains(&grant.granter)
            || (grant.granter == self.me && !self.unheard.is_empty());
        grant.holder == self.me && granted_before && self.is_unknown(grant)
    }

    fn is_unknown(&self, grant: &Grant) -> bool {
        self.state.grant_of(grant.range.start()).is_none()
    }
}
