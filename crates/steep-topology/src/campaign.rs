//! The candidate's part.

use crate::promise::Promise;
use crate::role::{Campaign, Reign, Role};
use crate::{Event, MembershipId, Message, Phase, Proposal, Release, Topology, Vote};
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use steep_types::{Instant, NodeId, Term};

impl Topology {
    /// No node waits for more better ones than that, and so for no longer.
    const MOST_PLACES: u32 = 4;

    /// Each failed campaign doubles the spread of the next ones, up to this often: eight times are
    /// enough for seven candidates, and liveness has a bound.
    const MOST_SPREADS: u32 = 3;

    /// Sets when this node proposes itself, at `from` or when its promise is over, if nothing is
    /// heard meanwhile: better nodes first.
    pub(crate) fn plan_election(&mut self, now: Instant, from: Instant) {
        let step = self.settings.step();
        let spread = step * 2_u32.pow(self.failures.min(Self::MOST_SPREADS));
        let free = from.max(self.promise.frees(&self.node)).max(now);
        self.election_at = free + step * self.place() + self.random.below(spread);
    }

    /// How many better nodes could be coordinator, as far as this node knows.
    fn place(&self) -> u32 {
        let membership = &self.state.membership;
        let own = membership.rank(&self.node);
        let is_better = |(peer, link): &(&NodeId, &crate::link::Link)| {
            let may_be_ready = link.report.is_none() || link.ready_since.is_some();
            may_be_ready && membership.keeps(peer) && membership.rank(peer) > own
        };
        let better = self.links.iter().filter(is_better).count();
        let behind = if self.condition.caught_up { 0 } else { Self::MOST_PLACES };
        u32::try_from(better).unwrap_or(u32::MAX).min(Self::MOST_PLACES) + behind
    }

    const fn can_propose(&self) -> bool {
        self.condition.postgres && matches!(self.role, Role::Follower)
    }

    /// Whatever of a campaign is due.
    pub(crate) fn campaign_on(&mut self, now: Instant) {
        match &self.role {
            Role::Follower if now >= self.election_at => {
                let is_free = self.promise.frees(&self.node) <= now;
                if self.can_propose() && self.state.membership.keeps(&self.node) && is_free {
                    if self.alone.is_none() {
                        self.know_coordinator(now, None);
                    }
                    self.campaign(now, Phase::Ask);
                } else {
                    self.plan_election(now, now + self.settings.step());
                }
            }
            Role::Candidate(campaign) if now >= campaign.ends => self.give_up(now),
            _ => {}
        }
    }

    fn give_up(&mut self, now: Instant) {
        self.role = Role::Follower;
        self.failures = self.failures.saturating_add(1);
        self.plan_election(now, now);
    }

    fn campaign(&mut self, now: Instant, phase: Phase) {
        let highest = self.state.term.max(self.highest_term);
        let term = highest.max(self.state.membership.id.term).next();
        let exchange = self.take_exchange();
        if phase == Phase::Elect {
            self.state.term = term;
            self.state.vote = Some(self.node.clone());
            self.state.lease = self.settings.lease();
            self.outbox.persist(&self.state);
            // Over, or void by the release. It must not keep this node from voting for its successor.
            self.promise = Promise::NONE;
        }
        let ends = now + self.settings.step() * 2;
        let votes = BTreeSet::from([self.node.clone()]);
        let known = self.state.membership.id;
        let lease = self.settings.lease();
        let released = self.released.clone();
        let proposal = Proposal { exchange, term, phase, known, lease, released };
        let everybody = self.state.membership.everybody();
        let peers: Vec<_> = everybody.filter(|node| **node != self.node).cloned().collect();
        for peer in &peers {
            self.send_when_durable(peer, Message::Propose(proposal.clone()));
        }
        self.role = Role::Candidate(Campaign { phase, term, exchange, started: now, ends, votes });
        self.try_to_win(now);
    }

    pub(crate) fn on_vote(&mut self, now: Instant, from: &NodeId, vote: &Vote) {
        self.hear_term(from, vote.voter_term);
        if let Some(link) = self.links.get_mut(from) {
            link.known = Some(vote.known);
        }
        let Role::Candidate(campaign) = &mut self.role else { return };
        let is_answer = vote.exchange == campaign.exchange
            && vote.term == campaign.term
            && vote.phase == campaign.phase;
        if is_answer && vote.refusal.is_none() && now < campaign.ends {
            campaign.votes.insert(from.clone());
            self.try_to_win(now);
        }
    }

    /// If a quorum agrees: from asking to electing, and from there to the reign.
    pub(crate) fn try_to_win(&mut self, now: Instant) {
        let Role::Candidate(campaign) = &self.role else { return };
        let agrees = |node: &NodeId| campaign.votes.contains(node);
        if !self.state.membership.is_quorum(agrees) {
            return;
        }
        match campaign.phase {
            Phase::Ask => self.campaign(now, Phase::Elect),
            // Its own vote counts when it is on disk.
            Phase::Elect if self.outbox.is_settled() => {
                let (term, started) = (campaign.term, campaign.started);
                let votes = campaign.votes.clone();
                self.reign(now, term, started, &votes);
            }
            Phase::Elect => {}
        }
    }

    fn reign(&mut self, now: Instant, term: Term, started: Instant, votes: &BTreeSet<NodeId>) {
        let held = self.settings.lease_as_held();
        for (peer, link) in &mut self.links {
            link.forget_reign();
            if votes.contains(peer) {
                // A vote is a promise as well, from when it was asked for.
                link.promised_until = Some(started + held);
            }
        }
        self.failures = 0;
        self.role =
            Role::Coordinator(Reign { term, is_established: false, until: now, is_acting: false });
        // Vouching for the membership makes all older ones unable to elect, once a quorum has it.
        let number = self.state.membership.id.number;
        self.state.membership.id = MembershipId { term, number };
        self.outbox.persist(&self.state);
    }

    /// The coordinator has stopped in favour of this node.
    pub(crate) fn on_nomination(&mut self, now: Instant, from: &NodeId, term: Term) {
        let released = Release { node: from.clone(), term };
        let is_free = !self.promise.forbids(&self.node, now, Some(&released));
        let is_news = term >= self.state.term && self.may_lead(from, term);
        let is_idle = self.alone.is_none() && self.can_propose();
        if is_news && is_free && is_idle && self.state.membership.keeps(&self.node) {
            self.hear_term(from, term);
            self.tell(Event::HandedOver { to: self.node.clone() });
            self.released = Some(released);
            self.campaign(now, Phase::Elect);
        }
    }

    /// No candidate and no coordinator any more.
    pub(crate) fn step_down(&mut self, now: Instant) {
        match self.role {
            Role::Follower => {}
            Role::Candidate(_) => self.role = Role::Follower,
            Role::Coordinator(_) => self.resign(now),
        }
    }
}
