//! The voter's part: whom to follow, whom to vote for.

use crate::role::Role;
use crate::{Claim, Message, Phase, Proposal, Refusal, Standing, Topology, Vote};
use steep_types::{Instant, NodeId, Term};

impl Topology {
    /// A peer says that it is coordinator. Returns whether it is promised to be followed.
    pub(crate) fn accept(&mut self, now: Instant, from: &NodeId, claim: Claim) -> bool {
        match claim.standing {
            Standing::Elected => {
                self.may_lead(from, claim.term) && self.accept_elected(now, from, claim)
            }
            Standing::Alone => {
                self.hear_alone(now, from, claim);
                false
            }
        }
    }

    /// A member; or the coordinator that made this membership, without itself. It is followed until
    /// a quorum has the membership, and hands over then.
    pub(crate) fn may_lead(&self, node: &NodeId, term: Term) -> bool {
        let membership = &self.state.membership;
        membership.holds(node) || membership.id.term == term
    }

    fn accept_elected(&mut self, now: Instant, from: &NodeId, claim: Claim) -> bool {
        let is_news = claim.term > self.state.term;
        let must_write =
            is_news || self.state.vote.as_ref() != Some(from) || self.state.lease != claim.lease;
        if claim.term < self.state.term || (must_write && !self.condition.postgres) {
            return false;
        }
        if self.alone.is_some() {
            if self.is_above(from, claim) {
                return false;
            }
            self.end_alone();
        }
        if is_news || matches!(self.role, Role::Candidate(_)) {
            self.step_down(now);
        }
        // Two coordinators of one term cannot be.
        if matches!(self.role, Role::Coordinator(_)) {
            return false;
        }
        self.know_coordinator(now, Some((from.clone(), claim.term)));
        // Also while a promise to another one lasts: there is a coordinator, and no need of a second.
        self.plan_election(now, now + claim.lease);
        if is_news {
            // Who was elected is in the right, also while a promise to another one lasts: from here
            // on, that one is not promised anything more.
            (self.state.term, self.state.vote) = (claim.term, None);
            self.outbox.persist(&self.state);
        }
        if self.promise.forbids(from, now, None) {
            return false;
        }
        if must_write {
            (self.state.vote, self.state.lease) = (Some(from.clone()), claim.lease);
            self.outbox.persist(&self.state);
        }
        self.promise.give(from, claim.term, now, claim.lease);
        self.failures = 0;
        self.forget_handovers(now);
        true
    }

    /// A candidate asks for this node's vote.
    pub(crate) fn on_proposal(&mut self, now: Instant, from: &NodeId, proposal: &Proposal) {
        let refusal = self.refusal(now, from, proposal);
        self.hear_term(from, proposal.term);
        let is_vote = refusal.is_none() && proposal.phase == Phase::Elect;
        if is_vote {
            self.step_down(now);
            if self.state.term != proposal.term {
                self.state.term = proposal.term;
                self.state.vote = Some(from.clone());
                self.state.lease = proposal.lease;
                self.outbox.persist(&self.state);
            }
            self.promise.give(from, proposal.term, now, proposal.lease);
            self.know_coordinator(now, None);
            self.plan_election(now, now + proposal.lease);
        }
        let (voter_term, known) = if is_vote {
            (self.state.term, self.state.membership.id)
        } else {
            self.outbox.on_disk()
        };
        let vote = Message::Vote(Vote {
            exchange: proposal.exchange,
            term: proposal.term,
            phase: proposal.phase,
            refusal,
            voter_term,
            known,
        });
        if is_vote { self.send_when_durable(from, vote) } else { self.send(from, vote) }
    }

    fn refusal(&self, now: Instant, from: &NodeId, proposal: &Proposal) -> Option<Refusal> {
        let is_repeated = proposal.term == self.state.term
            && self.state.vote.as_ref() == Some(from)
            && proposal.phase == Phase::Elect;
        if proposal.known < self.state.membership.id {
            Some(Refusal::OldMembership)
        } else if proposal.term < self.state.term {
            Some(Refusal::OldTerm)
        } else if proposal.term == self.state.term && !is_repeated {
            Some(Refusal::VotedForAnother)
        } else if self.alone.is_some() || self.is_coordinator_by_quorum(now) {
            Some(Refusal::Coordinator)
        } else if self.promise.forbids(from, now, proposal.released.as_ref()) {
            Some(Refusal::Promised)
        } else if !self.condition.postgres {
            Some(Refusal::NoPostgres)
        } else {
            None
        }
    }
}
