//! What stands between a machine and its world: the same that the daemon has to do.

use crate::Plan;
use crate::broken::Broken;
use crate::event::Event;
use crate::invariants::Seen;
use crate::node::Write;
use crate::world::{World, at, name};
use std::time::Duration;
use steep_topology::{
    Acting, Action, Command, Condition, Durable, Event as Told, Input, Mandate, Message, Phase,
    Proposal, Topology, Vote,
};
use steep_types::{Instant, Term};

/// A vote that nobody has thought about.
fn agreement(proposal: &Proposal) -> Message {
    Message::Vote(Vote {
        exchange: proposal.exchange,
        term: proposal.term,
        phase: proposal.phase,
        refusal: None,
        voter_term: Term::ZERO,
        known: proposal.known,
    })
}

impl World {
    /// Lets a node's machine do something, then does what it asks for.
    pub(crate) fn step(&mut self, node: usize, work: impl FnOnce(&mut Topology, Instant)) {
        let one = &mut self.nodes[node];
        let now = one.clock.monotonic(self.now);
        let wall = one.clock.wall(self.now);
        let Some(machine) = &mut one.machine else { return };
        machine.handle(now, Input::WallClockRead(wall));
        work(machine, now);
        self.execute(node);
        self.set_timer(node);
    }

    pub(crate) fn input(&mut self, node: usize, input: Input) {
        self.step(node, |machine, now| machine.handle(now, input));
    }

    fn set_timer(&mut self, node: usize) {
        let one = &mut self.nodes[node];
        let Some(at) = one.machine.as_ref().and_then(Topology::poll_timeout) else { return };
        let at = one.clock.when(at).max(self.now + 1);
        if at < one.timer_at {
            one.timer_at = at;
            self.queue.push(at, Event::Timer { node });
        }
    }

    pub(crate) fn ring(&mut self, node: usize) {
        let one = &mut self.nodes[node];
        // Set for earlier meanwhile, or of a process that is gone.
        if one.timer_at > self.now || !one.is_up() {
            return;
        }
        one.timer_at = u64::MAX;
        if !self.is_timer_forgotten {
            self.step(node, Topology::handle_timeout);
        }
    }

    fn execute(&mut self, node: usize) {
        while let Some(action) = self.nodes[node].machine.as_mut().and_then(Topology::poll_action) {
            if self.violation.is_some() {
                return;
            }
            match action {
                Action::Persist(number, state) => self.persist(node, number, state),
                Action::Send(to, message) => self.send(node, at(&to), message),
                Action::Act(acting) => self.act(node, acting),
                Action::StopActing => {
                    self.trace.line(self.now, format_args!("n{node} stops acting"));
                    self.nodes[node].told = None;
                }
                Action::Tell(told) => self.tell(node, &told),
                _ => {}
            }
        }
    }

    fn persist(&mut self, node: usize, number: u64, state: Durable) {
        let one = &mut self.nodes[node];
        let takes = self.random.within(200, one.slowest_write);
        let begins = one.writing.back().map_or(self.now, |write| write.done_at.max(self.now));
        let (done_at, start) = (begins + takes, one.start);
        self.trace.line(
            self.now,
            format_args!(
                "n{node} writes {number}: term {}, vote {:?}, membership {}",
                state.term, state.vote, state.membership.id
            ),
        );
        self.memberships.insert(state.membership.id, state.membership.clone());
        one.writing.push_back(Write { number, state, done_at });
        self.queue.push(done_at, Event::Written { node, start });
        let now = one.clock.monotonic(self.now);
        if self.plan.broken == Some(Broken::DoesNotWaitForTheDisk)
            && let Some(machine) = &mut one.machine
        {
            machine.handle(now, Input::Persisted(number));
        }
    }

    pub(crate) fn written(&mut self, node: usize, start: u64) {
        let one = &mut self.nodes[node];
        if one.start != start || !one.is_up() {
            return;
        }
        if !one.condition.postgres {
            self.queue.push(self.now + 50_000, Event::Written { node, start });
            return;
        }
        let Some(write) = one.writing.pop_front() else { return };
        one.disk = write.state;
        if self.plan.broken != Some(Broken::DoesNotWaitForTheDisk) {
            self.input(node, Input::Persisted(write.number));
        }
    }

    fn send(&mut self, node: usize, to: usize, message: Message) {
        if self.plan.broken == Some(Broken::NoPreVote) && self.answers_itself(node, to, &message) {
            return;
        }
        self.stats.messages += 1;
        if self.trace.is_kept() {
            self.trace.line(self.now, format_args!("n{node} -> n{to} {message:?}"));
        }
        let disk = &self.nodes[node].disk;
        let seen = Seen::Sent { from: node, to, message: &message, disk };
        if let Err((invariant, what)) = self.invariants.see(&seen) {
            return self.violated(invariant, what);
        }
        if to >= self.nodes.len() {
            return;
        }
        let is_answer = matches!(message, Message::Pong(_) | Message::Vote(_));
        let start = is_answer.then(|| self.nodes[to].start);
        let delays = self.network.delays(node, to, &mut self.random);
        let [first, second] = delays;
        if let Some(delay) = second {
            let message = Box::new(message.clone());
            self.queue.push(self.now + delay, Event::Deliver { to, from: node, start, message });
        }
        if let Some(delay) = first {
            let message = Box::new(message);
            self.queue.push(self.now + delay, Event::Deliver { to, from: node, start, message });
        }
    }

    /// A driver without pre-vote: nobody is asked, and everybody seems to agree.
    fn answers_itself(&mut self, node: usize, to: usize, message: &Message) -> bool {
        let Message::Propose(proposal) = message else { return false };
        if proposal.phase != Phase::Ask {
            return false;
        }
        let vote = agreement(proposal);
        let now = self.nodes[node].clock.monotonic(self.now);
        if let Some(machine) = &mut self.nodes[node].machine {
            machine.handle(now, Input::Received { from: self.names[to].clone(), message: vote });
        }
        true
    }

    pub(crate) fn deliver(&mut self, to: usize, from: usize, start: Option<u64>, message: Message) {
        let one = &self.nodes[to];
        // An answer to a process that is gone has no connection to come over. One in a hundred seeds
        // delivers it all the same: the machine must not depend on it.
        let is_strange = start.is_some_and(|start| start != one.start);
        if !one.is_up() || (is_strange && !self.plan.seed.is_multiple_of(100)) {
            return;
        }
        if self.plan.broken == Some(Broken::VotesForEverybody)
            && let Message::Propose(proposal) = &message
            && proposal.phase == Phase::Elect
        {
            let vote = Box::new(agreement(proposal));
            let event = Event::Deliver { to: from, from: to, start: None, message: vote };
            return self.queue.push(self.now + 1_000, event);
        }
        self.input(to, Input::Received { from: self.names[from].clone(), message });
    }

    fn act(&mut self, node: usize, acting: Acting) {
        self.trace.line(self.now, format_args!("n{node} acts {acting:?}"));
        self.nodes[node].told = Some(acting);
        self.stats.acts(node, acting);
        let all: Vec<_> = (0..self.nodes.len()).map(|node| self.acting(node)).collect();
        let seen = Seen::Acts { node, acting, all: &all };
        self.check(&seen);
        if !self.no_flapping.is_change(node, acting) {
            return;
        }
        let places = self.places();
        let place = |node| places.iter().position(|one| *one == node).unwrap_or(0);
        if let Err(what) = self.no_flapping.see(&seen, place) {
            self.violated(crate::Invariant::NoFlapping, what);
        }
    }

    /// Whether a node acts, by the contract or as the broken driver does.
    pub(crate) fn acting(&self, node: usize) -> Option<Acting> {
        let one = &self.nodes[node];
        if self.plan.broken == Some(Broken::IgnoresItsLease) {
            return one.told;
        }
        one.acting(self.now)
    }

    fn tell(&mut self, node: usize, told: &Told) {
        self.trace.line(self.now, format_args!("n{node} tells {told:?}"));
        match told {
            Told::MembershipSettled(id) => {
                if let Some(membership) = self.memberships.get(id).cloned() {
                    self.check(&Seen::Settled { membership: &membership });
                }
            }
            Told::HandedOver { .. } => self.has_handed_over = true,
            Told::CommandDone(_) => self.stats.commands += 1,
            _ => {}
        }
    }

    pub(crate) fn start(&mut self, node: usize) {
        // Nodes need not have the same settings, nor the ones from before the restart.
        let settings = Plan::settings_of_one(self.plan.seed, &mut self.random);
        let one = &mut self.nodes[node];
        if one.is_up() || one.is_destroyed {
            return;
        }
        one.start += 1;
        one.condition = Condition { postgres: true, caught_up: false };
        let now = one.clock.monotonic(self.now);
        let mut disk = one.disk.clone();
        match self.plan.broken {
            Some(Broken::ForgetsItsVote) => {
                disk = Durable::found(disk.membership);
                disk.term = disk.membership.id.term;
            }
            Some(Broken::ForgetsItsPromise) => disk.lease = Duration::ZERO,
            Some(Broken::EditsTheMembership)
                if one.start == 2 && disk.membership.members.len() > 2 =>
            {
                disk.membership.members.pop_last();
                disk.membership.id.number += 1;
                one.disk = disk.clone();
                self.memberships.insert(disk.membership.id, disk.membership.clone());
            }
            _ => {}
        }
        one.machine = Some(Topology::open(name(node), settings, disk, self.random.next(), now));
        self.trace.line(self.now, format_args!("n{node} starts"));
        let start = one.start;
        let condition = one.condition;
        let catches_up = self.now + self.random.within(100_000, 3_000_000);
        self.queue.push(catches_up, Event::CaughtUp { node, start });
        self.input(node, Input::ConditionSeen(condition));
    }

    pub(crate) fn caught_up(&mut self, node: usize, start: u64) {
        if self.nodes[node].start == start {
            self.set_condition(node, |condition| condition.caught_up = true);
        }
    }

    pub(crate) fn set_condition(&mut self, node: usize, change: impl FnOnce(&mut Condition)) {
        change(&mut self.nodes[node].condition);
        let condition = self.nodes[node].condition;
        self.input(node, Input::ConditionSeen(condition));
    }

    /// The process dies. Writes that were begun are done, up to one of them, or are not.
    pub(crate) fn crash(&mut self, node: usize) {
        let one = &mut self.nodes[node];
        if !one.is_up() {
            return;
        }
        let done = self.random.below(one.writing.len() + 1);
        if let Some(last) = one.writing.drain(..done).next_back() {
            one.disk = last.state;
        }
        one.writing.clear();
        (one.machine, one.told, one.frozen_until, one.timer_at) = (None, None, 0, u64::MAX);
        self.trace.line(self.now, format_args!("n{node} crashes, {done} writes done"));
    }

    pub(crate) fn command(&mut self, node: usize, command: Command) {
        self.trace.line(self.now, format_args!("n{node} is told to {command:?}"));
        self.input(node, Input::Commanded(command));
    }

    /// Somebody wants ids and asks a node that says it coordinates.
    pub(crate) fn grant(&mut self) {
        self.queue.push(self.now + self.random.within(200_000, 1_200_000), Event::Grant);
        let acting: Vec<_> =
            (0..self.nodes.len()).filter(|node| self.acting(*node).is_some()).collect();
        let nodes = self.nodes.len() as u64;
        for node in acting {
            let one = &mut self.nodes[node];
            if one.frozen_until > self.now {
                continue;
            }
            let block = if self.plan.broken == Some(Broken::GrantsAnything) {
                one.highest_block + 1
            } else {
                one.granted * nodes + node as u64
            };
            one.granted += 1;
            self.check(&Seen::Granted { node, block });
            for other in 0..self.nodes.len() {
                if other == node || !self.network.is_cut(node, other) {
                    let known = &mut self.nodes[other].highest_block;
                    *known = block.max(*known);
                }
            }
        }
    }

    /// Who acts with a quorum.
    pub(crate) fn coordinator(&self) -> Option<(usize, Term)> {
        (0..self.nodes.len()).find_map(|node| {
            let acting = self.nodes[node].acting(self.now)?;
            matches!(acting.mandate, Mandate::Quorum { .. }).then_some((node, acting.term))
        })
    }
}
