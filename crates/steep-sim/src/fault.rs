//! What goes wrong, and what people ask for.

use crate::event::Event;
use crate::network::Network;
use crate::node::Node;
use crate::world::{World, name};
use steep_topology::Command;
use steep_types::Priority;

/// Each run has some of these only: rare combinations are found when nothing else disturbs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    CutOneWay,
    Cut,
    Isolate,
    Split,
    Mend,
    Crash,
    CrashAll,
    CrashVoters,
    Freeze,
    SetWallClock,
    StopPostgres,
    FallBehind,
    SlowDisk,
    BadNetwork,
    GoodNetwork,
    Membership,
    Promotion,
    Priority,
    ActAlone,
    Destroy,
}

const ALL: [Fault; 20] = [
    Fault::CutOneWay,
    Fault::Cut,
    Fault::Isolate,
    Fault::Split,
    Fault::Mend,
    Fault::Crash,
    Fault::CrashAll,
    Fault::CrashVoters,
    Fault::Freeze,
    Fault::SetWallClock,
    Fault::StopPostgres,
    Fault::FallBehind,
    Fault::SlowDisk,
    Fault::BadNetwork,
    Fault::GoodNetwork,
    Fault::Membership,
    Fault::Promotion,
    Fault::Priority,
    Fault::ActAlone,
    Fault::Destroy,
];

impl World {
    /// The members that the newest membership names.
    pub(crate) fn members(&self) -> Vec<usize> {
        self.places()
    }

    /// One more fault, and the next one planned.
    pub(crate) fn fault(&mut self) {
        // The seed chooses which kinds there are, half of them, a quarter or an eighth; the dice which
        // one it is now. Mending is always one of them.
        let mut chooser = crate::Random::new(self.plan.seed ^ 0xFA17);
        let rarity = chooser.below(3);
        let mask = (0..=rarity).fold(u64::MAX, |mask, _| mask & chooser.next()) | 1 << 4;
        let kinds: Vec<_> =
            ALL.into_iter().enumerate().filter(|(at, _)| mask >> at & 1 == 1).collect();
        let (_, fault) = kinds[self.random.below(kinds.len())];
        let pause = if self.random.is(500) { 300_000 } else { 3_000_000 };
        self.queue.push(self.now + self.random.within(10_000, pause), Event::Fault);
        self.strike(fault);
    }

    fn strike(&mut self, fault: Fault) {
        let count = self.nodes.len();
        let node = self.random.below(count);
        let other = (node + 1 + self.random.below(count - 1)) % count;
        self.trace.line(self.now, format_args!("{fault:?} n{node} n{other}"));
        match fault {
            Fault::CutOneWay => self.network.cut(node, other),
            Fault::Cut => {
                self.network.cut(node, other);
                self.network.cut(other, node);
            }
            Fault::Isolate => self.network.isolate(node),
            Fault::Split => self.split(),
            Fault::Mend => self.network.mend_cuts(),
            Fault::Crash => self.crash_for_a_while(node),
            Fault::CrashAll => (0..count).for_each(|node| self.crash_for_a_while(node)),
            Fault::CrashVoters => self.crash_voters(node),
            Fault::Freeze => {
                let end = self.now + self.random.within(50_000, 8_000_000);
                self.nodes[node].frozen_until = end;
            }
            Fault::SetWallClock => {
                let ahead = self.random.within(0, 7_200_000_000) as i64 - 3_600_000_000;
                self.nodes[node].clock.wall_ahead = ahead;
            }
            Fault::StopPostgres => {
                let is_up = self.nodes[node].condition.postgres;
                self.set_condition(node, |condition| condition.postgres = !is_up);
            }
            Fault::FallBehind => {
                let is_up = self.nodes[node].condition.caught_up;
                self.set_condition(node, |condition| condition.caught_up = !is_up);
            }
            Fault::SlowDisk => {
                let is_fast = self.nodes[node].slowest_write == Node::FAST_DISK;
                let slow = self.random.within(10_000, 2_500_000);
                self.nodes[node].slowest_write = if is_fast { slow } else { Node::FAST_DISK };
            }
            Fault::BadNetwork => {
                self.network.lost = self.random.within(0, 400);
                self.network.doubled = self.random.within(0, 200);
                self.network.slowest = self.random.within(1_000, 2_000_000);
            }
            Fault::GoodNetwork => {
                (self.network.lost, self.network.doubled) = (0, 0);
                self.network.slowest = Network::SLOWEST_WHEN_HEALED;
            }
            Fault::Membership | Fault::Promotion | Fault::Priority => self.ask(fault, other),
            Fault::ActAlone => self.command(node, Command::ActAlone),
            Fault::Destroy => self.destroy(),
        }
    }

    fn split(&mut self) {
        let count = self.nodes.len();
        let sides: Vec<_> = (0..count).map(|_| self.random.is(500)).collect();
        for from in 0..count {
            for to in (0..count).filter(|to| sides[from] != sides[*to]) {
                self.network.cut(from, to);
            }
        }
    }

    /// The coordinator and a rival do not see each other, and the voters between them crash, again
    /// and again: whatever one of them forgets, the rival makes use of.
    fn crash_voters(&mut self, rival: usize) {
        let Some((coordinator, _)) = self.coordinator() else { return };
        self.network.cut(coordinator, rival);
        self.network.cut(rival, coordinator);
        for voter in (0..self.nodes.len()).filter(|one| *one != coordinator && *one != rival) {
            for _ in 0..3 {
                let at = self.now + self.random.within(1_000_000, 12_000_000);
                self.queue.push(at, Event::Crash { node: voter });
            }
        }
    }

    pub(crate) fn crash_for_a_while(&mut self, node: usize) {
        self.crash(node);
        // Half of them are restarted at once.
        let longest = if self.random.is(500) { 200_000 } else { 6_000_000 };
        let back = self.now + self.random.within(20_000, longest);
        self.queue.push(back, Event::Start { node });
    }

    /// Mostly of the coordinator, sometimes of one that is none or whose time is over.
    fn ask(&mut self, fault: Fault, whom: usize) {
        let random = self.random.below(self.nodes.len());
        let asked = self.coordinator().map_or(random, |(node, _)| node);
        if self.nodes[asked].frozen_until > self.now {
            return;
        }
        let priority = Priority::new(self.random.within(1, 99) as i32);
        let is_member = self.members().contains(&whom);
        let command = match fault {
            Fault::Promotion if self.random.is(300) => Command::Demote,
            Fault::Promotion => Command::Promote(name(whom)),
            Fault::Membership if is_member => Command::Remove(name(whom)),
            Fault::Membership => Command::Add(name(whom), priority),
            _ => Command::SetPriority(name(whom), priority),
        };
        self.command(asked, command);
    }

    /// One of two is gone for good. A person says so to the other one, again and again.
    fn destroy(&mut self) {
        let members = self.members();
        let is_pair = |node: &usize| {
            let other = members.iter().find(|other| *other != node).map(|other| name(*other));
            let known = &self.nodes[*node].disk.membership;
            members.len() == 2 && known.other_of_two(&name(*node)) == other.as_ref()
        };
        if self.to_expel.is_some() || members.len() != 2 || !members.iter().all(is_pair) {
            return;
        }
        let victim = members[self.random.below(2)];
        self.crash(victim);
        self.nodes[victim].is_destroyed = true;
        self.to_expel = Some(victim);
    }

    /// Said once a second until it is done.
    pub(crate) fn expel(&mut self) {
        let Some(victim) = self.to_expel else { return };
        let members = self.members();
        if !members.contains(&victim) {
            self.to_expel = None;
            return;
        }
        let survivor = members.into_iter().find(|node| *node != victim);
        if let Some(survivor) = survivor.filter(|node| self.nodes[*node].is_up()) {
            self.command(survivor, Command::Expel(name(victim)));
        }
    }

    /// Everything that can be mended is. Who is down starts.
    pub(crate) fn heal(&mut self) {
        self.trace.line(self.now, format_args!("everything is mended"));
        self.network.heal();
        self.queue.forget_faults();
        for node in 0..self.nodes.len() {
            self.nodes[node].slowest_write = Node::FAST_DISK;
            if self.nodes[node].frozen_until > self.now {
                self.crash(node);
            }
            self.start(node);
            self.set_condition(node, |condition| {
                (condition.postgres, condition.caught_up) = (true, true);
            });
        }
    }
}
