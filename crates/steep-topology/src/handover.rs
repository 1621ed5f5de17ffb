//! The better node takes over, without an election against the one that acts.

use crate::link::Link;
use crate::role::Role;
use crate::{Event, Health, Message, Topology};
use steep_types::{Instant, NodeId, Term};

impl Topology {
    /// A node that keeps losing the group waits up to 2^6 times as long to get it back.
    const MOST_DOUBLINGS: u32 = 6;

    /// If a better node has been ready for long enough, or this one cannot go on: stops, and asks the
    /// best node to propose itself, right after that one has answered. So the way there is open.
    pub(crate) fn consider_handover(&mut self, now: Instant, answering: &NodeId) {
        let Role::Coordinator(reign) = &self.role else { return };
        let (term, id) = (reign.term, self.state.membership.id);
        let is_busy = self.command.is_some() || self.applicant.is_some();
        if !self.is_coordinator_by_quorum(now) || self.settled != id || is_busy {
            return;
        }
        if self.best_successor(now) == Some(answering) {
            self.hand_over(now, term, answering.clone());
        }
    }

    /// A quorum has the membership without this node. There is nothing to wait for.
    pub(crate) fn leave(&mut self, now: Instant) {
        let Role::Coordinator(reign) = &self.role else { return };
        let (term, membership) = (reign.term, &self.state.membership);
        let members = self.links.iter().filter(|(peer, _)| membership.keeps(peer));
        let best = members
            .max_by_key(|(peer, link)| (link.ready_since.is_some(), membership.rank(peer)))
            .map(|(peer, _)| peer.clone());
        match best {
            Some(best) => self.hand_over(now, term, best),
            None => self.resign(now),
        }
    }

    fn hand_over(&mut self, now: Instant, term: Term, best: NodeId) {
        let count = self.handovers.entry(best.clone()).or_insert(0);
        *count = count.saturating_add(1);
        self.resign(now);
        self.tell(Event::HandedOver { to: best.clone() });
        self.send(&best, Message::Nominate(term));
        // If nothing comes of it, this node is the first to know and the first to be voted for.
        self.plan_election(now, now + self.settings.step() * 4);
    }

    fn best_successor(&self, now: Instant) -> Option<&NodeId> {
        let membership = &self.state.membership;
        // A restart of PostgreSQL is shorter than a change of coordinator is worth.
        let patience = self.settings.silence();
        let is_unable =
            self.unable_since.is_some_and(|since| now.saturating_since(since) >= patience);
        let goes_on = !is_unable && membership.keeps(&self.node);
        let own = membership.rank(&self.node);
        let is_successor = |(peer, link): &(&NodeId, &Link)| {
            let is_better = !goes_on || membership.rank(peer) > own;
            membership.keeps(peer) && is_better && self.is_due(now, peer, link, goes_on)
        };
        let successors = self.links.iter().filter(is_successor).map(|(peer, _)| peer);
        successors.max_by_key(|peer| membership.rank(peer))
    }

    fn is_due(&self, now: Instant, peer: &NodeId, link: &Link, goes_on: bool) -> bool {
        let Some(since) = link.ready_since else { return false };
        if !self.all_have_promised(now) {
            return false;
        }
        let is_promoted = self.state.membership.promoted.as_ref() == Some(peer);
        let count = self.handovers.get(peer).copied().unwrap_or(0);
        if !goes_on || (is_promoted && count == 0) {
            return true;
        }
        let doublings = count.min(Self::MOST_DOUBLINGS);
        let wait = self.settings.handover_after().saturating_mul(1 << doublings);
        now.saturating_since(since) >= wait
    }

    /// Everybody who could has promised to follow this node, and is free when it stops. Others may
    /// be bound to an earlier coordinator for a while yet, and could not vote for the next one.
    fn all_have_promised(&self, now: Instant) -> bool {
        let has = |link: &Link| {
            let could = link.outbound == Health::Healthy
                && link.report.is_some_and(|report| report.postgres);
            !could || link.promised_until > Some(now)
        };
        self.links.values().all(has)
    }

    /// Whoever has coordinated for long enough since is trusted again.
    pub(crate) fn forget_handovers(&mut self, now: Instant) {
        let since = now.saturating_since(self.coordinator_since);
        if since >= self.settings.handover_after()
            && let Some((node, _)) = &self.coordinator
        {
            self.handovers.remove(node);
        }
    }
}
