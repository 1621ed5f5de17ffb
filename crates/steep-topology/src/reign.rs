//! The coordinator's part: keeping the lease, and knowing when it is over.

use crate::link::Question;
use crate::role::{Alone, Role};
use crate::{Acting, Action, CommandRefusal, Event, Mandate, Pong, Topology};
use steep_types::{Instant, NodeId};

impl Topology {
    /// A peer has answered, perhaps as a follower.
    pub(crate) fn hear_follower(
        &mut self,
        now: Instant,
        from: &NodeId,
        pong: &Pong,
        question: Question,
    ) {
        let Role::Coordinator(reign) = &self.role else { return };
        let term = reign.term;
        if pong.is_granted && pong.term == term && question.claimed == Some(term) {
            let until = question.sent_at + self.settings.lease_as_held();
            let Some(link) = self.links.get_mut(from) else { return };
            link.promised_until = link.promised_until.max(Some(until));
            link.followed_with = link.followed_with.max(Some(pong.known));
            self.renew(now);
        } else if pong.term > term && self.state.membership.holds(from) {
            // It voted in a later term. Nobody was elected there, or this node would hear of it;
            // it comes back by being elected in a later term still.
            self.resign(now);
        }
    }

    /// Works out what the followers' promises are worth now.
    pub(crate) fn renew(&mut self, now: Instant) {
        let Role::Coordinator(reign) = &mut self.role else { return };
        let (membership, links, own) = (&self.state.membership, &self.links, &self.node);
        let is_durable = self.outbox.is_settled();
        let has_followed = |node: &NodeId| match links.get(node) {
            Some(link) => link.followed_with == Some(membership.id),
            None => node == own && is_durable,
        };
        let is_settled = membership.is_quorum(has_followed);
        reign.is_established |= is_settled;
        if !reign.is_established {
            return;
        }
        let ends = membership.quorum_until(|node| match links.get(node) {
            Some(link) => link.promised_until,
            None => (node == own).then_some(Instant::MAX),
        });
        let until = ends.unwrap_or(now).min(now + self.settings.lease_as_held());
        if until <= now {
            return;
        }
        let is_new = !reign.is_acting;
        if is_new || until != reign.until {
            (reign.is_acting, reign.until) = (true, until);
            let acting = Acting { term: reign.term, mandate: Mandate::Quorum { until } };
            let known = (self.node.clone(), reign.term);
            self.alone = None;
            self.outbox.push(Action::Act(acting));
            self.know_coordinator(now, Some(known));
        }
        if is_settled {
            self.on_settled(now);
        }
    }

    /// What time has ended by itself: the lease, and then the reign.
    pub(crate) fn expire(&mut self, now: Instant) {
        let Role::Coordinator(reign) = &mut self.role else { return };
        if now >= reign.until && reign.is_acting {
            reign.is_acting = false;
            self.outbox.push(Action::StopActing);
        }
        // It still asks for promises, which keep others from being elected. It may not do so for
        // long if the answers do not reach it (CheckQuorum, section 6.2 of the Raft thesis).
        if now >= reign.until + self.settings.lease() {
            self.resign(now);
        }
    }

    pub(crate) fn role_timeout(&self) -> Option<Instant> {
        Some(match &self.role {
            Role::Follower => self.election_at,
            Role::Candidate(campaign) => campaign.ends,
            Role::Coordinator(reign) if reign.is_acting => reign.until,
            Role::Coordinator(reign) => reign.until + self.settings.lease(),
        })
    }

    /// Is coordinator no more, and will not be again in this term.
    pub(crate) fn resign(&mut self, now: Instant) {
        let Role::Coordinator(reign) = &self.role else { return };
        if reign.is_acting {
            self.outbox.push(Action::StopActing);
        }
        self.role = Role::Follower;
        for link in self.links.values_mut() {
            link.forget_reign();
        }
        self.applicant = None;
        if let Some(command) = self.command.take() {
            self.tell(Event::CommandRefused(command, CommandRefusal::Uncertain));
        }
        let itself = |alone: &Alone| (self.node.clone(), alone.term);
        let known = self.alone.as_ref().map(itself);
        self.know_coordinator(now, known);
        self.meet_peers(now);
        self.plan_election(now, now);
    }
}
