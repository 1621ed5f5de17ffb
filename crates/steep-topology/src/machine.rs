use crate::link::Link;
use crate::outbox::Outbox;
use crate::promise::Promise;
use crate::random::Random;
use crate::role::{Alone, Applicant, Role};
use crate::{
    Acting, Action, Command, Condition, Durable, Event, Input, Mandate, Membership, MembershipId,
    Message, Release, Settings, WallClock,
};
use alloc::collections::BTreeMap;
use steep_types::{Instant, NodeId, Term};

/// One node's part in the group: whom it can reach, whom it follows, whether it coordinates.
///
/// The calling contract is on the [first page](crate#contract).
#[derive(Clone, Debug)]
pub struct Topology {
    pub(crate) node: NodeId,
    pub(crate) settings: Settings,
    /// As decided. What of it is on disk, the outbox knows.
    pub(crate) state: Durable,
    pub(crate) outbox: Outbox,
    pub(crate) random: Random,
    pub(crate) condition: Condition,
    /// Since when nothing can be written down.
    pub(crate) unable_since: Option<Instant>,
    pub(crate) promise: Promise,
    pub(crate) role: Role,
    pub(crate) alone: Option<Alone>,
    /// Everybody in the membership but this node, and who applies for it.
    pub(crate) links: BTreeMap<NodeId, Link>,
    pub(crate) applicant: Option<Applicant>,
    /// What was done for a person and is not certain yet.
    pub(crate) command: Option<Command>,
    /// The membership that a quorum was last seen to have on disk, by this node as coordinator.
    pub(crate) settled: MembershipId,
    /// This node acted alone: whoever was promoted was out of reach.
    pub(crate) is_promotion_void: bool,
    /// How often each node was handed the group of late; those that lose it again wait longer.
    pub(crate) handovers: BTreeMap<NodeId, u32>,
    /// The last coordinator that stopped in favour of this node. It stays true, so every proposal has it.
    pub(crate) released: Option<Release>,
    /// Whom this node follows or is itself, and in which term.
    pub(crate) coordinator: Option<(NodeId, Term)>,
    /// Since when that is so.
    pub(crate) coordinator_since: Instant,
    /// The highest term that anybody mentioned. A candidate goes beyond it.
    pub(crate) highest_term: Term,
    pub(crate) next_exchange: u64,
    /// Campaigns that failed in a row.
    pub(crate) failures: u32,
    pub(crate) election_at: Instant,
    pub(crate) ping_at: Instant,
    /// The wall clock, and when it was read.
    pub(crate) wall: Option<(WallClock, Instant)>,
}

impl Topology {
    /// A node starts, with what it wrote down last: [`Durable::found`] for a founder,
    /// [`Durable::default`] for a node that is to be added.
    ///
    /// `seed` only spreads what nodes do over time; it should differ between nodes and starts.
    #[must_use]
    pub fn open(
        node: NodeId,
        settings: Settings,
        durable: Durable,
        seed: u64,
        now: Instant,
    ) -> Self {
        let mut random = Random::new(seed);
        let ping_at = now + random.below(settings.interval());
        let mut opened = Self {
            promise: Promise::before_restart(&node, &durable, now),
            outbox: Outbox::new(&durable),
            highest_term: durable.term,
            next_exchange: random.next(),
            random,
            node,
            settings,
            state: durable,
            condition: Condition::default(),
            unable_since: Some(now),
            role: Role::Follower,
            alone: None,
            links: BTreeMap::new(),
            applicant: None,
            command: None,
            settled: MembershipId::default(),
            is_promotion_void: false,
            handovers: BTreeMap::new(),
            released: None,
            coordinator: None,
            coordinator_since: now,
            failures: 0,
            election_at: now,
            ping_at,
            wall: None,
        };
        opened.meet_peers(now);
        // A coordinator that is there is heard of within an interval.
        opened.plan_election(now, now + settings.interval());
        opened
    }

    /// Something has happened at `now`, a reading not before any earlier one.
    pub fn handle(&mut self, now: Instant, input: Input) {
        self.expire(now);
        match input {
            Input::Received { from, message } if from != self.node => {
                self.receive(now, &from, message);
            }
            // A message from oneself is somebody's mistake.
            Input::Received { .. } => {}
            Input::Persisted(number) => {
                if self.outbox.persisted(number) {
                    self.on_durable(now);
                }
            }
            Input::ConditionSeen(condition) => self.set_condition(now, condition),
            Input::StreamSeen(peer, stream) => {
                if let Some(link) = self.links.get_mut(&peer) {
                    link.stream = stream;
                }
            }
            Input::WallClockRead(wall) => self.wall = Some((wall, now)),
            Input::Commanded(command) => self.on_command(now, command),
        }
    }

    fn receive(&mut self, now: Instant, from: &NodeId, message: Message) {
        if let Some(link) = self.links.get_mut(from) {
            link.heard_at = now;
        }
        match message {
            Message::Ping(ping) => self.on_ping(now, from, &ping),
            Message::Pong(pong) => self.on_pong(now, from, &pong),
            Message::Propose(proposal) => self.on_proposal(now, from, &proposal),
            Message::Vote(vote) => self.on_vote(now, from, &vote),
            Message::Nominate(term) => self.on_nomination(now, from, term),
        }
    }

    /// It is `now`, and [`Topology::poll_timeout`] asked to be called by then. Calling it earlier or
    /// later does no harm.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.expire(now);
        self.expire_questions(now);
        if now >= self.ping_at {
            self.tick(now);
        }
        self.campaign_on(now);
        if self.alone_at().is_some_and(|at| at <= now) {
            self.go_alone(now);
        }
    }

    /// When [`Topology::handle_timeout`] is to be called next, if nothing happens before.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let timeout = self.settings.timeout();
        let questions = self.links.values().filter_map(|link| link.next_timeout(timeout)).min();
        [Some(self.ping_at), self.role_timeout(), questions, self.alone_at()]
            .into_iter()
            .flatten()
            .min()
    }

    /// What is to be done next; nothing for now, if there is nothing.
    #[must_use]
    pub fn poll_action(&mut self) -> Option<Action> {
        self.outbox.pop()
    }

    /// Whether this node is coordinator at `now`. To be asked with a fresh reading right before
    /// anything is done as one: the process may have been stopped since the last action.
    #[must_use]
    pub fn is_acting(&self, now: Instant) -> Option<Acting> {
        match (&self.role, &self.alone) {
            (Role::Coordinator(reign), _) if reign.is_acting && now < reign.until => {
                Some(Acting { term: reign.term, mandate: Mandate::Quorum { until: reign.until } })
            }
            (_, Some(alone)) if alone.is_acting => {
                Some(Acting { term: alone.term, mandate: Mandate::Alone })
            }
            _ => None,
        }
    }

    /// Who belongs to the group, as this node knows and may not have written down yet.
    #[must_use]
    pub const fn membership(&self) -> &Membership {
        &self.state.membership
    }

    fn on_durable(&mut self, now: Instant) {
        self.try_to_win(now);
        self.act_alone();
        if matches!(self.role, Role::Coordinator(_)) {
            self.renew(now);
            // Whoever is to follow should hear of it now and not at the next look.
            self.ping_everybody(now);
        }
    }

    pub(crate) fn tell(&mut self, event: Event) {
        self.outbox.push(Action::Tell(event));
    }

    pub(crate) fn send(&mut self, to: &NodeId, message: Message) {
        self.outbox.push(Action::Send(to.clone(), message));
    }

    /// Sends it once all that is decided now is on disk.
    pub(crate) fn send_when_durable(&mut self, to: &NodeId, message: Message) {
        self.outbox.push_withheld(Action::Send(to.clone(), message));
    }

    pub(crate) const fn take_exchange(&mut self) -> u64 {
        self.next_exchange = self.next_exchange.wrapping_add(1);
        self.next_exchange
    }

    /// The wall clock now, if it runs like the monotonic one since it was read.
    pub(crate) fn wall_clock(&self, now: Instant) -> Option<WallClock> {
        let (read, at) = self.wall?;
        let passed = i64::try_from(now.saturating_since(at).as_micros()).unwrap_or(i64::MAX);
        Some(WallClock(read.0.saturating_add(passed)))
    }

    pub(crate) fn is_coordinator_by_quorum(&self, now: Instant) -> bool {
        matches!(&self.role, Role::Coordinator(reign) if reign.is_acting && now < reign.until)
    }

    pub(crate) fn know_coordinator(&mut self, now: Instant, known: Option<(NodeId, Term)>) {
        if self.coordinator == known {
            return;
        }
        let is_other =
            self.coordinator.as_ref().map(|one| &one.0) != known.as_ref().map(|one| &one.0);
        if is_other {
            self.coordinator_since = now;
        }
        let term = known.as_ref().map_or(self.state.term, |known| known.1);
        let node = known.as_ref().map(|known| known.0.clone());
        self.coordinator = known;
        self.tell(Event::CoordinatorChanged { node, term });
    }
}
