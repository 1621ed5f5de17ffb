//! Who is healthy, who belongs to the group, and who coordinates it: one machine for each node.
//!
//! [`Topology`] takes what has happened ([`Input`]) and says what is to be done ([`Action`]). It looks
//! at the links to all peers, in both directions, elects a coordinator by priority, keeps its lease,
//! hands over to a better node, and changes the membership one node at a time.
//!
//! It does **not** read clocks, send, write or wait: a driver does. It does not decide who may write
//! rows or ids; nothing on the way of data depends on a coordinator. It does not move data, and
//! knows no Byzantine peers: a certificate says who a peer is, and members are believed.
//!
//! # Contract
//!
//! 1. **Start.** [`Topology::open`] with what was last written down, then
//!    [`Input::ConditionSeen`]. One process for a node at a time.
//! 2. **Clock.** `now` is this node's monotonic clock, and counts while the machine is suspended
//!    (`CLOCK_BOOTTIME`). Each reading is as late as the one before or later.
//! 3. **Loop.** [`Topology::handle`] each fact; [`Topology::handle_timeout`] by
//!    [`Topology::poll_timeout`]. After either, [`Topology::poll_action`] until there is none, each
//!    action executed in order.
//! 4. **Disk.** [`Action::Persist`] is one transaction with `synchronous_commit` on. When it is
//!    durable, and not before: [`Input::Persisted`]. What depends on it is withheld meanwhile; the
//!    driver sends whatever it is given, at once.
//! 5. **Acting.** Right before each thing done as coordinator, ask [`Topology::is_acting`] with a
//!    fresh reading; the process may have been stopped since the last one. What is done takes the
//!    [`term`](Acting::term) along, and who receives it refuses terms lower than one it has seen: a
//!    write that was on its way when the lease ended comes late.
//!    [`Action::StopActing`] is done when nothing is on its way any more.
//! 6. **Messages.** `from` is whom the certificate names. `HealthCheck` carries
//!    [`Ping`] and [`Pong`], `ProposeCoordinator` carries [`Proposal`] and [`Vote`], or
//!    [`Message::Nominate`], which has an empty answer. An answer belongs to the call with its
//!    `exchange`; a call that is given up needs no input.
//! 7. **Seeing.** [`Input::ConditionSeen`] and [`Input::StreamSeen`] whenever the watch has looked,
//!    [`Input::WallClockRead`] before each message and timeout.
//!
//! # States
//!
//! | state | entered when | on disk before | left when |
//! |---|---|---|---|
//! | follower | it starts, gives a vote or a promise, or resigns | | its promise is over and nobody was heard |
//! | candidate, asking | that has happened | | a quorum would vote: electing. Or in vain |
//! | candidate, electing | a quorum would vote; or it was nominated | its term and its vote for itself | a quorum has voted: coordinator. Or in vain |
//! | coordinator, elected | a quorum has voted | the membership in its term | a quorum has that membership: acting |
//! | coordinator, acting | a quorum has promised to follow it | | its lease ends, it hands over, or a later term is heard of |
//! | acting alone, beside these | one of two: the other one is silent, and no promise is open | a term of its own | it is elected, hears a higher claim, or the group is no pair any more |
//!
//! # Theorem 1: one coordinator
//!
//! *No term has two elected coordinators. At any moment of true time, if somebody acts with a quorum,
//! nobody else acts.* For any number of nodes; messages that are lost, late, repeated, or overtake each
//! other; links that are cut, in one direction or both; crashes at any step; processes that are stopped
//! and go on; wall clocks that are set; memberships that change meanwhile. It assumes:
//!
//! * **A1, disk.** What was reported as written is found after a crash.
//! * **A2, one of each.** A node id is one process on one database at a time, and is not given to
//!   another node.
//! * **A3, rate.** Monotonic clocks are off by [`Settings::CLOCK_DRIFT_PERCENT`] at most, each against
//!   true time. They need not agree on anything else.
//! * **A4, founded once.** All founders have opened with the same membership.
//! * **A5, looking.** The driver asks [`Topology::is_acting`] when it acts.
//! * **A6, expelled is gone.** A node that was [expelled](Command::Expel) never runs again.
//!
//! *Why.* A voter that votes for a candidate or follows a coordinator promises it to follow nobody
//! else for a lease *L* on its own clock, from when the question came. The asker counts from when it
//! asked, and for *L* (1 - d) / (1 + d) on its own clock only. With both clocks off by *d* at worst, the
//! promise lasts *L* / (1 + d) of true time at least, and the asker relies on it for no longer. A voter
//! that restarts behaves as if it had promised a moment ago. Quorums overlap, also those of a
//! membership and the next; so when a second coordinator is elected, some voter has voted for it whose
//! promise to the first was over, or who was in the later term already and refused the first.
//! `docs/protocol/election.md` has the argument in full.
//!
//! # Theorem 2: two nodes
//!
//! *One of two acts alone only while nobody acts with a quorum.* Both may act alone, if neither hears
//! the other: ids cannot collide then (`steep-ranges`), and nothing else depends on it. When they hear
//! each other, the claim of the higher (term, rank) stays, and is elected by both.
//!
//! # Theorem 3: one line of memberships
//!
//! *The memberships that a quorum has written down are totally ordered, and each is one change from the
//! one before.* Under the same assumptions.
//!
//! # Liveness
//!
//! Not a theorem, but tested: with all members there, and exchanges that take less than an eighth of an
//! interval, disks included, all of them follow an acting coordinator within four leases. It needs a
//! quorum that can exchange messages with one node; one-way cuts between others do not matter.
//!
//! # Invariants
//!
//! * **T1** A term has at most one elected coordinator.
//! * **T2** Who acts with a quorum is the only one that acts.
//! * **T3** No id is granted twice, whoever coordinates.
//! * **T4** Soon after the last fault all members follow a coordinator.
//! * **T5** Without faults the coordinator changes to better nodes only, and keeps its term.
//! * **T6** Settled memberships are one line.
//! * **T7** What is said is on disk.
//!
//! `steep-sim` holds each of them in random histories of two to seven nodes; `tests/` tells single
//! ones in order.
//!
//! # Example
//!
//! Two nodes, a driver in a dozen lines, and a disk that never fails:
//!
//! ```
//! use core::time::Duration;
//! use steep_topology::{Action, Condition, Durable, Input, Mandate, Membership, Settings, Topology};
//! use steep_types::{Instant, NodeId, Priority};
//!
//! let (a, b): (NodeId, NodeId) = ("a".parse()?, "b".parse()?);
//! let members = [(a.clone(), Priority::new(90)), (b.clone(), Priority::new(80))];
//! let founded = Durable::found(Membership::found(members));
//! let settings = Settings::new(Duration::from_secs(5), Duration::from_secs(10), 3)?;
//!
//! let mut now = Instant::ZERO;
//! let condition = Condition { postgres: true, caught_up: true };
//! let mut nodes = [(&a, 1), (&b, 2)].map(|(name, seed)| {
//!     let mut node = Topology::open(name.clone(), settings, founded.clone(), seed, now);
//!     node.handle(now, Input::ConditionSeen(condition));
//!     (name.clone(), node)
//! });
//!
//! let mut coordinator = None;
//! while coordinator.is_none() {
//!     let mut network = Vec::new();
//!     for (name, node) in &mut nodes {
//!         node.handle_timeout(now);
//!         while let Some(action) = node.poll_action() {
//!             match action {
//!                 Action::Persist(number, _) => node.handle(now, Input::Persisted(number)),
//!                 Action::Send(to, message) => network.push((name.clone(), to, message)),
//!                 Action::Act(acting) => coordinator = Some((name.clone(), acting)),
//!                 _ => {}
//!             }
//!         }
//!     }
//!     for (from, to, message) in network {
//!         let receiver = nodes.iter_mut().find(|(name, _)| *name == to).ok_or("no such node")?;
//!         receiver.1.handle(now, Input::Received { from, message });
//!     }
//!     now = now + Duration::from_millis(50);
//! }
//!
//! let (name, acting) = coordinator.ok_or("nobody")?;
//! assert!(matches!(acting.mandate, Mandate::Quorum { until } if until > now));
//! let node = nodes.iter().find(|(one, _)| *one == name).ok_or("no such node")?;
//! assert_eq!(node.1.is_acting(now), Some(acting));
//! // Without a renewal it is over by itself.
//! assert_eq!(node.1.is_acting(now + settings.lease()), None);
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
#![no_std]

extern crate alloc;

mod action;
mod alone;
mod campaign;
mod change;
mod clock_offset;
mod durable;
mod follow;
mod handover;
mod health;
mod input;
mod link;
mod machine;
mod membership;
mod membership_id;
mod message;
mod outbox;
mod promise;
mod random;
mod reign;
mod report;
mod role;
mod settings;
mod status;

pub use action::{Acting, Action, CommandRefusal, Event, Mandate};
pub use clock_offset::ClockOffset;
pub use durable::Durable;
pub use input::{Command, Input};
pub use link::{Direction, Health};
pub use machine::Topology;
pub use membership::{Change, Membership};
pub use membership_id::MembershipId;
pub use message::{Claim, Message, Phase, Ping, Pong, Proposal, Refusal, Release, Standing, Vote};
pub use report::{Condition, Report, Stream, WallClock};
pub use settings::{Settings, SettingsError};
pub use status::{LinkStatus, Status};
