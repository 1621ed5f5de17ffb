//! What people ask for, and membership as it changes.

use crate::role::{Applicant, Role};
use crate::{Change, Command, CommandRefusal, Event, Health, Membership, Topology};
use steep_types::{Instant, NodeId, Term};

impl Topology {
    pub(crate) fn on_command(&mut self, now: Instant, command: Command) {
        let done = match &command {
            Command::ActAlone => self.act_alone_now(now),
            Command::Expel(node) => self.expel(now, node),
            _ => self.amend(now, &command),
        };
        match done {
            // A quorum has to write it down, or the applicant to answer.
            Ok(()) if !matches!(command, Command::ActAlone | Command::Expel(_)) => {
                self.command = Some(command);
                self.renew(now);
            }
            Ok(()) => self.tell(Event::CommandDone(command)),
            Err(refusal) => self.tell(Event::CommandRefused(command, refusal)),
        }
    }

    fn act_alone_now(&mut self, now: Instant) -> Result<(), CommandRefusal> {
        if !self.may_act_alone(now) {
            return Err(CommandRefusal::NotAlone);
        }
        self.go_alone(now);
        Ok(())
    }

    fn expel(&mut self, now: Instant, node: &NodeId) -> Result<(), CommandRefusal> {
        let membership = &self.state.membership;
        let is_silent = self
            .links
            .get(node)
            .is_some_and(|link| now.saturating_since(link.heard_at) >= self.settings.silence());
        let is_free = self.promise.frees(&self.node) <= now && !self.is_coordinator_by_quorum(now);
        let is_possible = is_silent && is_free && self.condition.postgres;
        let is_last =
            membership.members.contains_key(&self.node) && membership.hangs_on(&self.node, node);
        if !is_possible || !is_last {
            return Err(CommandRefusal::NotAlone);
        }
        // Two numbers, as for a removal by a quorum. A change that was under way is dropped: it needs
        // the node that is gone.
        let mut left = membership.next(self.state.term).next(self.state.term);
        left.members.retain(|member, _| *member == self.node);
        (left.change, left.promoted) = (None, None);
        self.step_down(now);
        self.install(now, left);
        // Now it is a quorum by itself, and is elected.
        self.plan_election(now, now);
        Ok(())
    }

    /// The coordinator changes what all of them know.
    fn amend(&mut self, now: Instant, command: &Command) -> Result<(), CommandRefusal> {
        let term = self.may_amend(now)?;
        let current = &self.state.membership;
        let is_member = |node: &NodeId| match current.members.contains_key(node) {
            true => Ok(()),
            false => Err(CommandRefusal::NotMember(node.clone())),
        };
        let next = match command {
            Command::Add(node, priority) => {
                if current.members.contains_key(node) {
                    return Err(CommandRefusal::AlreadyMember(node.clone()));
                }
                return self.invite(now, node, *priority);
            }
            Command::Remove(node) => {
                is_member(node)?;
                if current.members.len() == 1 {
                    return Err(CommandRefusal::LastMember(node.clone()));
                }
                current.changing(term, Change::Remove(node.clone()))
            }
            Command::SetPriority(node, priority) => {
                is_member(node)?;
                let mut next = current.next(term);
                next.members.insert(node.clone(), *priority);
                next
            }
            Command::Promote(node) => {
                is_member(node)?;
                Membership { promoted: Some(node.clone()), ..current.next(term) }
            }
            Command::Demote => {
                if current.promoted.is_none() {
                    return Err(CommandRefusal::NotPromoted);
                }
                Membership { promoted: None, ..current.next(term) }
            }
            Command::ActAlone | Command::Expel(_) => return Ok(()),
        };
        if !self.has_promises(&next, now) {
            return Err(CommandRefusal::NoQuorum);
        }
        if let Command::Promote(node) = command {
            self.is_promotion_void = false;
            self.handovers.remove(node);
        }
        self.install(now, next);
        Ok(())
    }

    /// One change at a time, by an acting coordinator whose membership a quorum has on disk.
    fn may_amend(&self, now: Instant) -> Result<Term, CommandRefusal> {
        let coordinator = self.coordinator.as_ref().map(|known| known.0.clone());
        let Role::Coordinator(reign) = &self.role else {
            return Err(CommandRefusal::NotCoordinator { coordinator });
        };
        if !self.is_coordinator_by_quorum(now) {
            return Err(CommandRefusal::NotCoordinator { coordinator });
        }
        let id = self.state.membership.id;
        let is_changing = self.state.membership.change.is_some() || self.settled != id;
        if is_changing || self.applicant.is_some() || self.command.is_some() {
            return Err(CommandRefusal::Changing { id });
        }
        Ok(reign.term)
    }

    /// Whether this node would still act: a change that ends it could not be finished either.
    fn has_promises(&self, next: &Membership, now: Instant) -> bool {
        let is_promised = |node: &NodeId| {
            *node == self.node
                || self.links.get(node).is_some_and(|link| link.promised_until > Some(now))
        };
        let after = next.changed(next.id.term);
        next.is_quorum(is_promised) && after.is_quorum(is_promised)
    }

    /// The joining node must answer before quorums depend on it.
    fn invite(
        &mut self,
        now: Instant,
        node: &NodeId,
        priority: steep_types::Priority,
    ) -> Result<(), CommandRefusal> {
        let patience = self.settings.timeout() * self.settings.unhealthy_threshold();
        let gives_up = now + patience;
        self.applicant = Some(Applicant { node: node.clone(), priority, gives_up });
        self.meet_peers(now);
        self.ping_everybody(now);
        Ok(())
    }

    pub(crate) fn admit(&mut self, now: Instant, from: &NodeId) {
        let Some(applicant) = self.applicant.take_if(|one| one.node == *from) else { return };
        let Role::Coordinator(reign) = &self.role else { return };
        let change = Change::Add(applicant.node, applicant.priority);
        let next = self.state.membership.changing(reign.term, change);
        if self.is_coordinator_by_quorum(now) && self.settled == self.state.membership.id {
            self.install(now, next);
        } else if let Some(command) = self.command.take() {
            let coordinator = None;
            let refusal = CommandRefusal::NotCoordinator { coordinator };
            self.tell(Event::CommandRefused(command, refusal));
            self.meet_peers(now);
        }
    }

    pub(crate) fn watch_applicant(&mut self, now: Instant) {
        let Some(applicant) = self.applicant.take_if(|one| one.gives_up <= now) else { return };
        if let Some(command) = self.command.take() {
            let refusal = CommandRefusal::Unreachable(applicant.node);
            self.tell(Event::CommandRefused(command, refusal));
        }
        self.meet_peers(now);
    }

    /// The promoted node is out of reach, or was while this one acted alone.
    pub(crate) fn watch_promotion(&mut self, now: Instant) {
        let Some(promoted) = self.state.membership.promoted.clone() else { return };
        if promoted == self.node {
            return;
        }
        let is_unreachable =
            self.links.get(&promoted).is_none_or(|link| link.outbound == Health::Unhealthy);
        if let (true, Ok(term)) = (is_unreachable || self.is_promotion_void, self.may_amend(now)) {
            let next = Membership { promoted: None, ..self.state.membership.next(term) };
            self.is_promotion_void = false;
            self.install(now, next);
            self.tell(Event::PromotionEnded(promoted));
        }
    }

    /// A quorum has the membership on disk, and this node acts.
    pub(crate) fn on_settled(&mut self, now: Instant) {
        let Role::Coordinator(reign) = &self.role else { return };
        let (id, term) = (self.state.membership.id, reign.term);
        if self.settled == id {
            return;
        }
        self.settled = id;
        self.tell(Event::MembershipSettled(id));
        if self.state.membership.change.is_some() {
            self.install(now, self.state.membership.changed(term));
        } else {
            if let Some(command) = self.command.take() {
                self.tell(Event::CommandDone(command));
            }
            if !self.state.membership.holds(&self.node) {
                self.tell(Event::Removed);
                self.leave(now);
            }
        }
    }

    /// Another node knows a membership; if it is newer, this node knows it from now on.
    pub(crate) fn learn(&mut self, now: Instant, update: &Membership) {
        let is_news = update.id > self.state.membership.id && update.is_sound();
        if !is_news || !self.condition.postgres {
            return;
        }
        let was_member = self.state.membership.holds(&self.node);
        self.step_down(now);
        if update.id.term > self.state.term {
            (self.state.term, self.state.vote) = (update.id.term, None);
        }
        self.install(now, update.clone());
        if was_member && !self.state.membership.holds(&self.node) {
            self.tell(Event::Removed);
            self.know_coordinator(now, None);
        }
    }

    fn install(&mut self, now: Instant, membership: Membership) {
        self.state.membership = membership;
        self.outbox.persist(&self.state);
        self.tell(Event::MembershipChanged(self.state.membership.id));
        self.meet_peers(now);
        let membership = &self.state.membership;
        let is_pair = membership.other_of_two(&self.node).is_some();
        // The last one, that has expelled the other, is elected next.
        let is_last = membership.members.len() == 1 && membership.keeps(&self.node);
        if !is_pair && !is_last {
            self.end_alone();
        }
    }
}
