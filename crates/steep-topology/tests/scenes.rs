//! Single histories, told in order: what a node does, action by action.
#![allow(clippy::unwrap_used, reason = "a test may stop where its own set-up is wrong")]

use std::time::Duration;
use steep_topology::{
    Acting, Action, Claim, Command, CommandRefusal, Condition, Direction, Durable, Event, Health,
    Input, Mandate, Membership, MembershipId, Message, Phase, Ping, Proposal, Refusal, Release,
    Report, Settings, Standing, Topology, Vote, WallClock,
};
use steep_types::{Instant, NodeId, Priority, Term};

const INTERVAL: Duration = Duration::from_secs(1);

fn settings() -> Settings {
    Settings::new(INTERVAL, INTERVAL, 3).unwrap()
}

fn id(name: &str) -> NodeId {
    name.parse().unwrap()
}

fn at(seconds: u64) -> Instant {
    Instant::from_micros(seconds * 1_000_000)
}

fn group(names: &[&str]) -> Membership {
    Membership::found(names.iter().map(|name| (id(name), Priority::new(50))))
}

/// Node `a` of a group, just started, with a PostgreSQL that answers.
fn open(durable: Durable) -> Topology {
    let mut node = Topology::open(id("a"), settings(), durable, 7, at(100));
    let condition = Condition { postgres: true, caught_up: true };
    node.handle(at(100), Input::ConditionSeen(condition));
    node
}

fn actions(node: &mut Topology) -> Vec<Action> {
    std::iter::from_fn(|| node.poll_action()).collect()
}

/// What it sends, without looks at peers.
fn sent(node: &mut Topology) -> Vec<(String, Message)> {
    let messages = actions(node).into_iter().filter_map(|action| match action {
        Action::Send(_, Message::Ping(_)) => None,
        Action::Send(to, message) => Some((to.to_string(), message)),
        _ => None,
    });
    messages.collect()
}

fn proposal(term: u64, phase: Phase) -> Message {
    Message::Propose(Proposal {
        exchange: 1,
        term: Term::new(term),
        phase,
        known: MembershipId { term: Term::ZERO, number: 1 },
        lease: Duration::from_secs(4),
        released: None,
    })
}

fn claim(term: u64, standing: Standing) -> Message {
    Message::Ping(Ping {
        exchange: 9,
        sent_at: None,
        term: Term::new(term),
        claim: Some(Claim { term: Term::new(term), standing, lease: Duration::from_secs(4) }),
        known: MembershipId { term: Term::ZERO, number: 1 },
        update: None,
        report: Report::default(),
    })
}

fn receive(node: &mut Topology, now: Instant, from: &str, message: Message) {
    node.handle(now, Input::Received { from: id(from), message });
}

fn refusal(node: &mut Topology) -> Option<Refusal> {
    match sent(node).pop() {
        Some((_, Message::Vote(Vote { refusal, .. }))) => refusal,
        other => panic!("no vote but {other:?}"),
    }
}

#[test]
fn a_vote_is_sent_when_it_is_on_disk_and_not_before() {
    let mut node = open(Durable::found(group(&["a", "b", "c"])));
    receive(&mut node, at(100), "b", proposal(1, Phase::Elect));
    let first = actions(&mut node);
    let [Action::Persist(number, state)] = &first[..] else { panic!("{first:?}") };
    assert_eq!((state.term, state.vote.clone()), (Term::new(1), Some(id("b"))));
    assert_eq!(state.lease, Duration::from_secs(4));
    node.handle(at(100), Input::Persisted(*number));
    let answers = sent(&mut node);
    let [(to, Message::Vote(vote))] = &answers[..] else { panic!("{answers:?}") };
    assert_eq!((to.as_str(), vote.refusal, vote.voter_term), ("b", None, Term::new(1)));
}

#[test]
fn a_pre_vote_changes_nothing() {
    let mut node = open(Durable::found(group(&["a", "b", "c"])));
    receive(&mut node, at(100), "b", proposal(5, Phase::Ask));
    let asked = actions(&mut node);
    assert!(!asked.iter().any(|action| matches!(action, Action::Persist(..))), "{asked:?}");
    // It may still give its vote to another one, in an earlier term.
    receive(&mut node, at(100), "c", proposal(1, Phase::Elect));
    let voted = actions(&mut node);
    assert!(matches!(&voted[..], [Action::Persist(_, state)] if state.vote == Some(id("c"))));
}

#[test]
fn a_term_has_one_vote_and_a_repeated_question_the_same_answer() {
    let mut node = open(Durable::found(group(&["a", "b", "c"])));
    receive(&mut node, at(100), "b", proposal(1, Phase::Elect));
    let _ = actions(&mut node);
    node.handle(at(100), Input::Persisted(1));
    assert_eq!(refusal(&mut node), None);
    receive(&mut node, at(101), "c", proposal(1, Phase::Elect));
    assert_eq!(refusal(&mut node), Some(Refusal::VotedForAnother));
    receive(&mut node, at(101), "b", proposal(1, Phase::Elect));
    assert_eq!(refusal(&mut node), None);
}

#[test]
fn a_promise_outlasts_a_crash() {
    let durable = Durable {
        term: Term::new(3),
        vote: Some(id("b")),
        lease: Duration::from_secs(4),
        membership: group(&["a", "b", "c"]),
    };
    let mut node = open(durable);
    receive(&mut node, at(103), "c", proposal(4, Phase::Elect));
    assert_eq!(refusal(&mut node), Some(Refusal::Promised));
    receive(&mut node, at(104), "c", proposal(4, Phase::Elect));
    assert!(matches!(&actions(&mut node)[..], [Action::Persist(..)]));
}

#[test]
fn a_promise_is_void_when_its_holder_has_stopped() {
    let mut node = open(Durable::found(group(&["a", "b", "c"])));
    receive(&mut node, at(100), "b", claim(1, Standing::Elected));
    let _ = actions(&mut node);
    node.handle(at(100), Input::Persisted(1));
    receive(&mut node, at(101), "c", proposal(2, Phase::Elect));
    let _ = actions(&mut node);
    let Message::Propose(proposal) = proposal(2, Phase::Elect) else { unreachable!() };
    let released = |term| Some(Release { node: id("b"), term: Term::new(term) });
    let late = Proposal { released: released(1), ..proposal };
    let early = Proposal { released: released(0), ..proposal };
    receive(&mut node, at(101), "c", Message::Propose(early));
    assert_eq!(refusal(&mut node), Some(Refusal::Promised));
    receive(&mut node, at(101), "c", Message::Propose(late));
    assert!(matches!(&actions(&mut node)[..], [Action::Persist(..), ..]));
}

#[test]
fn an_older_membership_gets_no_vote() {
    let mut newer = group(&["a", "b", "c"]);
    newer.id.number = 2;
    let mut node = open(Durable::found(newer));
    receive(&mut node, at(100), "b", proposal(1, Phase::Elect));
    assert_eq!(refusal(&mut node), Some(Refusal::OldMembership));
}

#[test]
fn without_postgresql_nothing_is_promised_and_the_daemon_answers_all_the_same() {
    let mut node = open(Durable::found(group(&["a", "b", "c"])));
    node.handle(at(100), Input::ConditionSeen(Condition { postgres: false, caught_up: true }));
    receive(&mut node, at(100), "b", proposal(1, Phase::Elect));
    assert_eq!(refusal(&mut node), Some(Refusal::NoPostgres));
    receive(&mut node, at(100), "b", claim(1, Standing::Elected));
    let answers = sent(&mut node);
    let [(_, Message::Pong(pong))] = &answers[..] else { panic!("{answers:?}") };
    assert!(!pong.is_granted && !pong.report.postgres);
}

/// Lets time pass, and writes whatever is to be written.
fn run(node: &mut Topology, from: Instant, to: Instant) -> Vec<(Instant, Action)> {
    let (mut now, mut done) = (from, Vec::new());
    loop {
        while let Some(action) = node.poll_action() {
            if let Action::Persist(number, _) = action {
                node.handle(now, Input::Persisted(number));
            }
            done.push((now, action));
        }
        match node.poll_timeout().filter(|next| *next < to) {
            Some(next) => now = next.max(now),
            None => return done,
        }
        node.handle_timeout(now);
    }
}

fn first_act(done: &[(Instant, Action)]) -> Option<(Instant, Acting)> {
    done.iter().find_map(|(now, action)| match action {
        Action::Act(acting) => Some((*now, *acting)),
        _ => None,
    })
}

#[test]
fn a_group_of_one_elects_itself_and_renews_its_own_lease() {
    let mut node = open(Durable::found(group(&["a"])));
    let done = run(&mut node, at(100), at(160));
    let (_, acting) = first_act(&done).unwrap();
    assert_eq!(acting.term, Term::new(1));
    let acting = node.is_acting(at(160)).unwrap();
    assert!(matches!(acting.mandate, Mandate::Quorum { until } if until > at(160)), "{acting:?}");
    assert_eq!(done.iter().filter(|(_, action)| *action == Action::StopActing).count(), 0);
}

#[test]
fn one_of_two_acts_alone_when_its_promise_and_its_patience_are_over() {
    let mut node = open(Durable::found(group(&["a", "b"])));
    receive(&mut node, at(102), "b", claim(1, Standing::Elected));
    let done = run(&mut node, at(102), at(130));
    let (begun, acting) = first_act(&done).unwrap();
    assert_eq!(acting, Acting { term: Term::new(2), mandate: Mandate::Alone });
    // Four seconds of promise, and as much of silence.
    assert!((at(106)..at(107)).contains(&begun), "{begun}");
}

#[test]
fn of_two_alone_the_lower_claim_stops_and_the_higher_one_stays() {
    let mut node = open(Durable::found(group(&["a", "b"])));
    let _ = run(&mut node, at(100), at(120));
    let own = node.is_acting(at(120)).unwrap();
    // Of equal terms and priorities, the smaller name goes first.
    receive(&mut node, at(120), "b", claim(own.term.get(), Standing::Alone));
    assert_eq!(node.is_acting(at(120)), Some(own));
    receive(&mut node, at(120), "b", claim(own.term.get() + 1, Standing::Alone));
    assert_eq!(node.is_acting(at(120)), None);
    assert!(actions(&mut node).contains(&Action::StopActing));
    assert_eq!(node.status(at(120)).coordinator, Some(id("b")));
}

#[test]
fn of_three_nobody_acts_alone() {
    let mut node = open(Durable::found(group(&["a", "b", "c"])));
    let done = run(&mut node, at(100), at(400));
    assert_eq!(first_act(&done), None);
    // Asking changes nothing: whoever comes back is in the term it left in.
    assert_eq!(node.status(at(400)).term, Term::ZERO);
    assert!(!done.iter().any(|(_, action)| matches!(action, Action::Persist(..))));
}

#[test]
fn one_of_two_that_was_told_not_to_waits_for_a_person() {
    let settings = settings().acting_alone_after(None);
    let durable = Durable::found(group(&["a", "b"]));
    let mut node = Topology::open(id("a"), settings, durable, 7, at(100));
    let condition = Condition { postgres: true, caught_up: true };
    node.handle(at(100), Input::ConditionSeen(condition));
    assert_eq!(first_act(&run(&mut node, at(100), at(500))), None);
    node.handle(at(500), Input::Commanded(Command::ActAlone));
    let done = run(&mut node, at(500), at(501));
    assert_eq!(first_act(&done).unwrap().1.mandate, Mandate::Alone);
}

#[test]
fn a_node_that_was_lost_for_good_is_expelled_and_the_other_one_is_a_quorum() {
    let mut node = open(Durable::found(group(&["a", "b"])));
    let _ = run(&mut node, at(100), at(120));
    node.handle(at(120), Input::Commanded(Command::Expel(id("b"))));
    let _ = run(&mut node, at(120), at(130));
    assert!(matches!(node.is_acting(at(130)).unwrap().mandate, Mandate::Quorum { .. }));
    assert_eq!(node.membership().members.len(), 1);
}

#[test]
fn who_does_not_coordinate_refuses_commands_and_names_who_does() {
    let mut node = open(Durable::found(group(&["a", "b", "c"])));
    receive(&mut node, at(100), "b", claim(1, Standing::Elected));
    let _ = run(&mut node, at(100), at(101));
    let command = Command::Promote(id("c"));
    node.handle(at(101), Input::Commanded(command.clone()));
    let refusal = CommandRefusal::NotCoordinator { coordinator: Some(id("b")) };
    assert!(actions(&mut node).contains(&Action::Tell(Event::CommandRefused(command, refusal))));
}

#[test]
fn a_link_is_unhealthy_after_as_many_failed_looks_as_the_threshold_says() {
    let mut node = open(Durable::found(group(&["a", "b"])));
    let done = run(&mut node, at(100), at(110));
    let outbound = |action: &Action| {
        matches!(action, Action::Tell(Event::LinkChanged { direction: Direction::Outbound, .. }))
    };
    let changes: Vec<_> = done.iter().filter(|(_, action)| outbound(action)).collect();
    let [(when, _)] = changes[..] else { panic!("{changes:?}") };
    let looks = done
        .iter()
        .filter(|(now, action)| now < when && matches!(action, Action::Send(_, Message::Ping(_))));
    // The third one fails a second after it was sent, which is when the fourth is due.
    assert!((3..=4).contains(&looks.count()), "{when}");
    assert_eq!(node.status(at(110)).links[0].outbound, Health::Unhealthy);
}

#[test]
fn a_peer_s_clock_is_measured_in_the_exchange() {
    let mut node = open(Durable::found(group(&["a", "b"])));
    node.handle(at(100), Input::WallClockRead(WallClock(5_000_000)));
    let done = run(&mut node, at(100), at(101));
    let (sent_at, exchange) = done
        .iter()
        .find_map(|(now, action)| match action {
            Action::Send(_, Message::Ping(ping)) => Some((*now, ping.exchange)),
            _ => None,
        })
        .unwrap();
    let own = 5_000_000 + sent_at.saturating_since(at(100)).as_micros() as i64;
    let returned = sent_at + Duration::from_millis(20);
    let mut other =
        Topology::open(id("b"), settings(), Durable::found(group(&["a", "b"])), 8, at(3));
    // Its clock is an hour ahead, and it answers half way.
    let ahead = 3_600_000_000;
    other.handle(at(3), Input::WallClockRead(WallClock(own + ahead + 10_000)));
    let Message::Ping(ping) = claim(0, Standing::Alone) else { unreachable!() };
    let ping = Ping { exchange, claim: None, ..ping };
    other.handle(at(3), Input::Received { from: id("a"), message: Message::Ping(ping) });
    let (_, pong) = sent(&mut other).pop().unwrap();
    receive(&mut node, returned, "b", pong);
    let offset = node.status(returned).links[0].clock.unwrap();
    assert_eq!((offset.micros, offset.round_trip), (ahead, Duration::from_millis(20)));
}
