//! Looking at peers, and answering when they look.

use crate::link::{Link, Question};
use crate::role::Role;
use crate::{
    Claim, Condition, Direction, Event, Health, Mandate, Message, Ping, Pong, Report, Standing,
    Topology,
};
use steep_types::{Instant, NodeId};

impl Topology {
    /// Once each interval.
    pub(crate) fn tick(&mut self, now: Instant) {
        self.ping_at = now + self.settings.interval();
        self.watch_silence(now);
        // A group of one has nobody whose answers renew the lease.
        self.renew(now);
        self.watch_applicant(now);
        self.watch_promotion(now);
        self.ping_everybody(now);
    }

    pub(crate) fn ping_everybody(&mut self, now: Instant) {
        let peers: alloc::vec::Vec<_> = self.links.keys().cloned().collect();
        for peer in &peers {
            self.ping(now, peer);
        }
    }

    fn ping(&mut self, now: Instant, peer: &NodeId) {
        let exchange = self.take_exchange();
        let wall = self.wall_clock(now);
        let claim = self.claim(now);
        let claimed = claim.filter(|claim| claim.standing == Standing::Elected);
        let claimed = claimed.map(|claim| claim.term);
        let (term, known) = self.outbox.on_disk();
        let report = self.report(now, peer);
        let Some(link) = self.links.get_mut(peer) else { return };
        link.ask(Question { exchange, sent_at: now, wall, claimed });
        let is_behind = link.known.is_some_and(|theirs| theirs < known);
        let can_update = is_behind && known == self.state.membership.id;
        let update = can_update.then(|| self.state.membership.clone());
        let ping = Ping { exchange, sent_at: wall, term, claim, known, update, report };
        self.send(peer, Message::Ping(ping));
    }

    /// What this node may say of itself: nothing that a crash would make it forget.
    fn claim(&self, now: Instant) -> Option<Claim> {
        let lease = self.settings.lease();
        match &self.role {
            Role::Coordinator(reign) if self.outbox.is_settled() => {
                Some(Claim { term: reign.term, standing: Standing::Elected, lease })
            }
            _ => {
                let acting = self.is_acting(now)?;
                (acting.mandate == Mandate::Alone).then_some(Claim {
                    term: acting.term,
                    standing: Standing::Alone,
                    lease,
                })
            }
        }
    }

    fn report(&self, now: Instant, peer: &NodeId) -> Report {
        let stream = self.links.get(peer).map(|link| link.stream).unwrap_or_default();
        Report { postgres: self.condition.postgres, is_ready: self.is_ready(now), stream }
    }

    /// This node could coordinate, if the coordinator let it.
    pub(crate) fn is_ready(&self, now: Instant) -> bool {
        let coordinator = self.coordinator.as_ref().map(|known| &known.0);
        if self.promise.is_to_another(coordinator, now) {
            return false;
        }
        let reaches = |node: &NodeId| {
            *node == self.node
                || self.links.get(node).is_some_and(|link| link.outbound == Health::Healthy)
        };
        let membership = &self.state.membership;
        let Condition { postgres, caught_up } = self.condition;
        postgres && caught_up && membership.keeps(&self.node) && membership.is_quorum(reaches)
    }

    pub(crate) fn on_ping(&mut self, now: Instant, from: &NodeId, ping: &Ping) {
        if let Some(link) = self.links.get_mut(from) {
            link.known = Some(ping.known);
            link.hear_report(ping.report, now);
            if link.asked(now) {
                self.tell_link(from, Direction::Inbound, Health::Healthy);
            }
        }
        if let Some(update) = &ping.update {
            self.learn(now, update);
        }
        self.hear_term(from, ping.term);
        let is_granted = ping.claim.is_some_and(|claim| self.accept(now, from, claim));
        self.answer(now, from, ping, is_granted);
        self.meet_while_alone(now, from);
    }

    fn answer(&mut self, now: Instant, from: &NodeId, ping: &Ping, is_granted: bool) {
        let (term, known) = if is_granted {
            (self.state.term, self.state.membership.id)
        } else {
            self.outbox.on_disk()
        };
        let can_update = ping.known < known && known == self.state.membership.id;
        let pong = Pong {
            exchange: ping.exchange,
            answered_at: self.wall_clock(now),
            term,
            is_granted,
            claim: self.claim(now),
            known,
            update: can_update.then(|| self.state.membership.clone()),
            report: self.report(now, from),
        };
        if is_granted {
            self.send_when_durable(from, Message::Pong(pong));
        } else {
            self.send(from, Message::Pong(pong));
        }
    }

    pub(crate) fn on_pong(&mut self, now: Instant, from: &NodeId, pong: &Pong) {
        let returned = self.wall_clock(now);
        let Some(link) = self.links.get_mut(from) else { return };
        let question = link.answered(pong.exchange);
        let Some(question) = question else { return };
        let round_trip = now.saturating_since(question.sent_at);
        link.round_trip = Some(round_trip);
        if let (Some(sent), Some(answered), Some(returned)) =
            (question.wall, pong.answered_at, returned)
        {
            link.offset.observe(sent, answered, returned, round_trip);
        }
        link.known = Some(pong.known);
        let has_changed = link.succeeded();
        link.hear_report(pong.report, now);
        if has_changed {
            self.tell_link(from, Direction::Outbound, Health::Healthy);
        }
        if let Some(update) = &pong.update {
            self.learn(now, update);
        }
        self.hear_term(from, pong.term);
        if let Some(claim) = pong.claim.filter(|claim| claim.standing == Standing::Alone) {
            self.accept(now, from, claim);
        }
        self.hear_follower(now, from, pong, question);
        self.admit(now, from);
        self.consider_handover(now, from);
        self.meet_while_alone(now, from);
    }

    /// Questions without an answer in time.
    pub(crate) fn expire_questions(&mut self, now: Instant) {
        let (timeout, threshold) = (self.settings.timeout(), self.settings.unhealthy_threshold());
        let mut unhealthy = alloc::vec::Vec::new();
        for (peer, link) in &mut self.links {
            if link.expire(now, timeout, threshold) {
                unhealthy.push(peer.clone());
            }
        }
        for peer in unhealthy {
            self.tell_link(&peer, Direction::Outbound, Health::Unhealthy);
        }
    }

    fn watch_silence(&mut self, now: Instant) {
        let silence = self.settings.silence();
        let mut silent = alloc::vec::Vec::new();
        for (peer, link) in &mut self.links {
            if link.missed(now, silence) {
                silent.push(peer.clone());
            }
        }
        for peer in silent {
            self.tell_link(&peer, Direction::Inbound, Health::Unhealthy);
        }
    }

    fn tell_link(&mut self, peer: &NodeId, direction: Direction, health: Health) {
        self.tell(Event::LinkChanged { peer: peer.clone(), direction, health });
    }

    /// A candidate goes beyond the terms of members; what strangers say does not count.
    pub(crate) fn hear_term(&mut self, from: &NodeId, term: steep_types::Term) {
        if self.state.membership.holds(from) {
            self.highest_term = self.highest_term.max(term);
        }
    }

    pub(crate) fn set_condition(&mut self, now: Instant, condition: Condition) {
        let since = self.unable_since.unwrap_or(now);
        self.unable_since = (!condition.postgres).then_some(since);
        self.condition = condition;
    }

    /// Keeps a link to everybody in the membership and to who applies for it, and to nobody else.
    pub(crate) fn meet_peers(&mut self, now: Instant) {
        let membership = &self.state.membership;
        let applicant = self.applicant.as_ref().map(|applicant| &applicant.node);
        let is_peer = |node: &NodeId| membership.holds(node) || applicant == Some(node);
        self.links.retain(|node, _| is_peer(node));
        for node in membership.everybody().chain(applicant) {
            if *node != self.node && !self.links.contains_key(node) {
                self.links.insert(node.clone(), Link::new(now));
            }
        }
    }
}
