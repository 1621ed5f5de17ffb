//! The rule for two nodes: whoever does not hear the other one acts alone.

use crate::role::{Alone, Role};
use crate::{Acting, Action, Claim, Mandate, Topology};
use steep_types::{Instant, NodeId, Term};

impl Topology {
    /// When this node acts alone, if the other one stays silent.
    pub(crate) fn alone_at(&self) -> Option<Instant> {
        let silence = self.settings.alone_after()?;
        let other = self.state.membership.other_of_two(&self.node)?;
        let silent_at = self.links.get(other)?.heard_at + silence;
        self.alone_may_begin().map(|from| from.max(silent_at))
    }

    /// The end of what forbids to act alone: a promise that was made, a lease that runs.
    fn alone_may_begin(&self) -> Option<Instant> {
        if self.alone.is_some() || !self.condition.postgres {
            return None;
        }
        let promise = self.promise.frees(&self.node);
        match &self.role {
            Role::Coordinator(reign) if reign.is_acting => Some(promise.max(reign.until)),
            _ => Some(promise),
        }
    }

    /// A person decides that the other node is not coming back soon.
    pub(crate) fn may_act_alone(&self, now: Instant) -> bool {
        let Some(other) = self.state.membership.other_of_two(&self.node) else { return false };
        let is_silent = self
            .links
            .get(other)
            .is_some_and(|link| now.saturating_since(link.heard_at) >= self.settings.silence());
        is_silent && self.alone_may_begin().is_some_and(|from| from <= now)
    }

    /// Appoints itself, in a term of its own, so that of two that do so the better one stays.
    pub(crate) fn go_alone(&mut self, now: Instant) {
        self.step_down(now);
        let term = self.state.term.max(self.highest_term).next();
        (self.state.term, self.state.vote) = (term, Some(self.node.clone()));
        self.outbox.persist(&self.state);
        self.alone = Some(Alone { term, is_acting: false });
        self.is_promotion_void = true;
    }

    /// Begins when the term is on disk.
    pub(crate) fn act_alone(&mut self) {
        let Some(alone) = &mut self.alone else { return };
        if !alone.is_acting {
            alone.is_acting = true;
            let acting = Acting { term: alone.term, mandate: Mandate::Alone };
            self.coordinator = Some((self.node.clone(), alone.term));
            self.outbox.push(Action::Act(acting));
        }
    }

    pub(crate) fn end_alone(&mut self) {
        if self.alone.take().is_some_and(|alone| alone.is_acting) {
            self.outbox.push(Action::StopActing);
        }
    }

    /// Of two claims, the higher (term, rank) stays.
    pub(crate) fn is_above(&self, from: &NodeId, claim: Claim) -> bool {
        let rank = |node| self.state.membership.rank(node);
        let above = |term: Term| (term, rank(&self.node)) > (claim.term, rank(from));
        self.alone.as_ref().is_some_and(|alone| above(alone.term))
    }

    /// The other one of two acts alone.
    pub(crate) fn hear_alone(&mut self, now: Instant, from: &NodeId, claim: Claim) {
        let is_other = self.state.membership.other_of_two(&self.node) == Some(from);
        if !is_other || self.is_coordinator_by_quorum(now) || self.is_above(from, claim) {
            return;
        }
        if matches!(&self.role, Role::Coordinator(reign) if reign.term > claim.term) {
            return;
        }
        self.end_alone();
        self.step_down(now);
        self.highest_term = self.highest_term.max(claim.term);
        self.know_coordinator(now, Some((from.clone(), claim.term)));
        // It is about to ask for this node's vote.
        self.plan_election(now, now + claim.lease);
    }

    /// Contact, and no higher claim: time to be elected.
    pub(crate) fn meet_while_alone(&mut self, now: Instant, from: &NodeId) {
        let is_other = self.state.membership.other_of_two(&self.node) == Some(from);
        if self.alone.is_some() && is_other && matches!(self.role, Role::Follower) {
            let spread = self.settings.step();
            let soon = now + self.random.below(spread);
            self.election_at = self.election_at.min(soon);
        }
    }
}
