//! A run from its beginning to its end.

use crate::broken::Broken;
use crate::event::Event;
use crate::invariants::{AliveAgain, Invariant};
use crate::world::World;
use crate::{Outcome, Plan, Random, Scene};
use steep_types::Term;

/// Runs `plan`. The same plan has the same outcome, to the last byte of its trace.
#[must_use]
pub fn run(plan: Plan) -> Outcome {
    let mut random = Random::new(plan.seed);
    let (founders, scene) = (plan.nodes(&mut random), plan.scene(&mut random));
    let spares = if scene == Scene::Faults { 2 } else { 0 };
    let mut world = World::new(plan, random, founders, spares);
    for node in 0..world.nodes.len() {
        let at = world.random.within(1, Plan::INTERVAL);
        world.queue.push(at, Event::Start { node });
    }
    world.queue.push(Plan::INTERVAL, Event::Grant);
    match scene {
        Scene::Faults => world.faults(),
        Scene::Return => world.one_is_away_and_returns(),
        Scene::Calm => world.calm_from_the_beginning(),
        Scene::OneWay { from, to } => world.one_way_is_cut(from, to),
    }
    world.stats.lasted = world.now;
    let World { violation, stats, trace, .. } = world;
    Outcome { plan, nodes: founders, violation, stats, trace: trace.into_text() }
}

impl World {
    fn faults(&mut self) {
        self.queue.push(2 * Plan::INTERVAL, Event::Fault);
        for second in 1..=Plan::FAULTS / Plan::INTERVAL {
            self.run_to(second * Plan::INTERVAL);
            self.expel();
        }
        self.heal();
        self.is_timer_forgotten = self.plan.broken == Some(Broken::ForgetsTheTimer);
        let keeps_a_cut = self.random.is(300) && self.cut_one_way();
        self.recover();
        self.begin_calm();
        self.stay_calm(Plan::CALM);
        if !keeps_a_cut {
            self.best_must_coordinate();
        }
    }

    /// One direction between two members stays cut. Only where all know that nothing is changing:
    /// a change may need just those two.
    fn cut_one_way(&mut self) -> bool {
        let members = self.members();
        let known = &self.nodes[members[0]].disk.membership.members;
        let is_quiet = self.nodes.iter().all(|node| {
            let membership =
                node.machine.as_ref().map_or(&node.disk.membership, |one| one.membership());
            membership.change.is_none()
                && (membership.members == *known || membership.members.is_empty())
        });
        if members.len() < 3 || !is_quiet {
            return false;
        }
        let from = self.random.below(members.len());
        let to = (from + 1 + self.random.below(members.len() - 1)) % members.len();
        self.trace.line(self.now, format_args!("n{} -> n{} stays cut", members[from], members[to]));
        self.network.cut(members[from], members[to]);
        true
    }

    /// Looks how long it takes until all members follow somebody, and go on to when the last promise
    /// from before is over. From then on it has to stay so.
    fn recover(&mut self) {
        let (from, deadline) = (self.now, self.now + Plan::RECOVERY);
        let mut alive_since = None;
        while self.now < deadline && self.violation.is_none() {
            self.run_to(self.now + Plan::LOOK);
            if self.now.is_multiple_of(Plan::INTERVAL) {
                self.expel();
            }
            alive_since = self.is_alive().then(|| alive_since.unwrap_or(self.now));
            if let Some(since) = alive_since.filter(|_| self.now >= from + Plan::PROMISES) {
                self.stats.recovery = Some(since - from);
                return;
            }
        }
        self.is_dead();
    }

    fn is_alive(&self) -> bool {
        AliveAgain::coordinator(&self.nodes, &self.network, self.now).is_some()
    }

    fn is_dead(&mut self) {
        let what = AliveAgain::describe(&self.nodes, self.now);
        self.violated(Invariant::AliveAgain, what);
    }

    /// Nothing happens, except that the group may be handed to a better node.
    fn stay_calm(&mut self, time: u64) {
        let end = self.now + time;
        let mut alive_at = self.now;
        while self.now < end && self.violation.is_none() {
            self.run_to(self.now + Plan::LOOK);
            if self.is_alive() {
                alive_at = self.now;
            } else if self.now - alive_at > Plan::HANDOVER {
                self.is_dead();
            }
        }
    }

    /// Who was handed the group and lost it has to wait longer than a run is calm; but for those, the
    /// best node coordinates in the end.
    fn best_must_coordinate(&mut self) {
        let (best, acts) = (self.places().last().copied(), self.coordinator());
        let is_best = acts.map(|(node, _)| node) == best;
        if self.violation.is_none() && !self.has_handed_over && !is_best {
            let what = format!("{acts:?} acts, and {best:?} is the best node");
            self.violated(Invariant::NoFlapping, what);
        }
    }

    fn begin_calm(&mut self) {
        let place = |node: usize| self.places().iter().position(|one| *one == node);
        let last: Option<(usize, Term, usize)> =
            self.coordinator().map(|(node, term)| (node, term, place(node).unwrap_or(0)));
        self.no_flapping.begin(last);
    }

    fn one_is_away_and_returns(&mut self) {
        self.recover();
        self.begin_calm();
        let coordinator = self.coordinator().map(|(node, _)| node);
        let count = self.nodes.len();
        let away = (coordinator.unwrap_or(0) + 1 + self.random.below(count - 1)) % count;
        if count > 2 {
            self.trace.line(self.now, format_args!("n{away} is away"));
            self.network.isolate(away);
        }
        let time = self.random.within(5, 25) * Plan::INTERVAL;
        self.run_to(self.now + time);
        self.trace.line(self.now, format_args!("n{away} is back"));
        self.network.heal();
        self.stay_calm(Plan::CALM);
    }

    fn calm_from_the_beginning(&mut self) {
        self.recover();
        self.begin_calm();
        self.stay_calm(Plan::CALM);
        self.best_must_coordinate();
    }

    fn one_way_is_cut(&mut self, from: usize, to: usize) {
        self.network.cut(from, to);
        if self.nodes.len() > 2 {
            self.recover();
            self.begin_calm();
            return self.stay_calm(2 * Plan::CALM);
        }
        // Of two, there is no quorum without both ways. One acts alone, and the other one hears it.
        self.run_to(Plan::RECOVERY);
        let before = self.who_act();
        self.no_flapping.begin(before.first().map(|(node, term)| (*node, *term, 0)));
        self.run_to(Plan::RECOVERY + 2 * Plan::CALM);
        let after = self.who_act();
        if before != after || after.len() != 1 {
            self.violated(Invariant::NoFlapping, format!("{before:?} acted, and now {after:?}"));
        }
    }

    fn who_act(&self) -> Vec<(usize, Term)> {
        let acting = |node: usize| Some((node, self.nodes[node].acting(self.now)?.term));
        (0..self.nodes.len()).filter_map(acting).collect()
    }
}
