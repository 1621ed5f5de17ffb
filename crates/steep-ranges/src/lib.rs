//! Who may use which generated keys: ranges that never overlap, whoever is cut off from whom.
//!
//! Each node draws a table's ids from ranges that were granted to it. This crate decides what a
//! node may grant ([`Allocator`]), whom to ask ([`State::granter`]), in which order ranges are
//! used ([`Supply`]), when to ask for more and for how much ([`Tracker`]), which ids a node may
//! write ([`Holdings`]), and how long a table's ids will last ([`Outlook`]).
//!
//! It does **not** read tables, sequences or clocks, talk to anyone, or elect anybody. It knows one
//! table at a time, and keys that are one ascending integer. It cannot stop a client from writing
//! an explicit id that is another node's; it says which ids those are.
//!
//! # Ownership
//!
//! A table's ids are cut into numbered blocks ([`Space`]). Every block has one *owner*, the only
//! node that may grant its ids, to itself or to others. At first each node owns a [`Stripe`], every
//! 2^n-th block. An owner, and nobody else, can give untouched blocks away ([`Title`]): to a node
//! that joins ([`Allocator::share`]), or to one that stays ([`Allocator::hand_over`]).
//!
//! So nothing is decided by a vote. A coordinator is merely who is asked first: it names the owner
//! of the lowest free id. A node without contact grants from its own blocks for as long as it
//! likes, and so does every other node at the same time.
//!
//! # Contract
//!
//! 1. When a table begins to be managed: [`State::found`] with all members, and
//!    [`Allocator::occupy`] what each of them holds already. A node that joins begins with
//!    [`State::empty`].
//! 2. When a node starts: [`Allocator::open`] with the rows it has recorded. If they may be older
//!    than what it has told others: [`Allocator::restored`], and [`Allocator::heard`] for each peer.
//! 3. To get a range: [`Allocator::request`], and [`Allocator::grant`] by [`State::granter`].
//!    The granter **records** the row, then tells it. The holder merges it, lets
//!    [`Allocator::take_up`] give it a turn, and **records** both before it draws.
//! 4. To draw: [`Supply::next`] says where the sequence goes on.
//! 5. Rows of others are merged whenever they come.
//!
//! # States of a range
//!
//! | status | set by | waits for |
//! |---|---|---|
//! | [`Granted`](Status::Granted) | the granter | the holder to hear of it |
//! | [`Active`](Status::Active) | the holder, when it is recorded there | its turn, then its end |
//! | [`Exhausted`](Status::Exhausted) | the holder | nothing |
//! | [`Released`](Status::Released) | the holder, for a person | nothing |
//!
//! A range is in the table of ranges for good, and no other ever overlaps it.
//!
//! # Theorem 1: no overlap
//!
//! *No id is in two grants, and none is drawn twice.* For any number of nodes and any history:
//! partitions into any number of parts, all of which go on granting; messages that are lost, late,
//! repeated, or overtake each other; crashes before and after each step; nodes that join and leave;
//! restores. It assumes:
//!
//! * **A1, record, then tell.** What [`Allocator`] returns is durable before anybody is told of it,
//!   and before it is drawn from. A node opens its allocator with all it has recorded, or says that
//!   it was restored.
//! * **A2, one of each.** A node has one allocator for a table at a time; node ids are not used
//!   again for another node.
//! * **A3, founded once.** Nobody founds the table with other members or another space. (If
//!   somebody does, merging refuses; ids may have been granted twice by then.)
//! * **A4, sequences.** The position that [`Supply::next`] is asked with is the last one that the
//!   node drew or set aside, of all sessions. If it cannot be known, the ways out of
//!   [`Draw::Lost`] are taken.
//! * **A5, restores.** A restored node names all members that it has ever told anything, and hears
//!   each one after nothing it sent before can reach that member any more. Meanwhile no other node
//!   is restored.
//!
//! It does not assume that there is a coordinator, one coordinator, a quorum or a clock, nor that
//! nodes agree on who the members are.
//!
//! *Why.* By induction over steps, each block has at most one owner among all nodes' own records,
//! and an owner has every grant ever made from its blocks. Founding gives each block to one node. A
//! title is made by the owner, from a block on that it has not touched; by A1 it is no longer
//! the owner when the other hears of it. Merging makes nobody an owner but who was named by the
//! owner before. A grant is made by the owner, off all ids it knows to be granted, and by A1 and A2
//! it knows all that were granted from that block. A crash loses only what nobody was told. What a
//! restore loses, nobody has heard, or a peer tells (A5), and until then the node owns nothing.
//! `docs/protocol/ranges.md` has the argument in full.
//!
//! With a restore the theorem is about what survives: an id that was drawn by the restored node,
//! and whose grant no other node has, went with the lost data and may be drawn again.
//!
//! # Theorem 2: merging
//!
//! *[`State::merge`] is commutative, associative and idempotent, and as good as its rows one by
//! one.* Nodes that have heard the same rows know the same. Where rows contradict each other, no
//! order merges them: [`MergeError`].
//!
//! # Theorem 3: nothing is lost, nothing is left out
//!
//! *Every id is owned by some node, at any time.* So a node that owns free ids can always grant,
//! without contact, and a table is exhausted only when all its ids are granted or occupied. Blocks
//! of a node that is gone for good, without having handed over, are lost. It assumes A1 to A3, A5.
//!
//! *If each request goes to [`State::granter`] and every grant is heard before the next, the
//! granted ids have no gap,* but for ids that are occupied: the table counts as on one server.
//!
//! # Invariants
//!
//! * **R1** What a node acts on is what it has recorded, or returns to be recorded.
//! * **R2** A repeated request has the same answer, also if the holder or the granter died.
//! * **R3** No grant holds an id that its granter knows to be occupied.
//! * **R4** Status and titles only move on; a sequence never returns to a range whose turn is past.
//! * **R5** The end of the space is kept back from routine grants ([`Space::MARGIN`]).
//!
//! `tests/` holds each of them: `theorem` (1 and 3, in a simulated group), `merge` (2), `scenes`
//! (single histories, told in order), `supply`, `ends`, `tracker`.
//!
//! # Example
//!
//! ```
//! use steep_ranges::{Allocator, Draw, KeyType, Position, Row, State, Urgency};
//! use steep_types::NodeId;
//!
//! let (a, b): (NodeId, NodeId) = ("a".parse()?, "b".parse()?);
//! let founded = State::found(KeyType::Integer.space(), [&a, &b])?;
//! let mut on_a = Allocator::open(a.clone(), founded.clone());
//! let mut on_b = Allocator::open(b.clone(), founded);
//!
//! // In contact: b asks whoever owns the lowest free id, and gets the first ids.
//! assert_eq!(on_b.state().granter([&a, &b]), Some(&a));
//! let grant = on_a.grant(&on_b.request(10_000), Urgency::Routine)?;
//! assert_eq!(grant.range.to_string(), "1-10000");
//! on_b.merge_row(&Row::Grant(grant))?; // after a has recorded it
//!
//! // Cut off from each other, both go on, and cannot meet.
//! let of_a = on_a.grant(&on_a.request(10_000), Urgency::Routine)?;
//! let of_b = on_b.grant(&on_b.request(10_000), Urgency::Routine)?;
//! assert_eq!(of_a.range.to_string(), "10001-20000");
//! assert_eq!(of_b.range.to_string(), "65537-75536");
//!
//! // b draws: first from the range that it was given first.
//! let _to_be_recorded = on_b.take_up();
//! assert!(matches!(on_b.supply().next(Position::Fresh), Draw::Next(ids) if ids.start() == 1));
//! let after = on_b.supply().next(Position::At(10_000));
//! assert!(matches!(after, Draw::Next(ids) if ids.start() == 65_537));
//!
//! // The link is back: both know the same, in whatever order.
//! on_a.merge(on_b.state())?;
//! on_b.merge(on_a.state())?;
//! assert_eq!(on_a.state(), on_b.state());
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
#![no_std]

extern crate alloc;

mod allocator;
mod free;
mod grant;
mod holder;
mod holdings;
mod outlook;
mod policy;
mod range;
mod range_set;
mod rate;
mod restore;
mod row;
mod share;
mod space;
mod state;
mod stock;
mod stripe;
mod supply;
mod title;
mod titles;
mod tracker;

pub use allocator::{Allocator, GrantError, Urgency};
pub use grant::{Grant, Request, Status};
pub use holder::ReleaseError;
pub use holdings::Holdings;
pub use outlook::Outlook;
pub use policy::{Policy, PolicyError};
pub use range::{IdRange, IdRangeError};
pub use range_set::RangeSet;
pub use rate::Rate;
pub use row::{MergeError, Row};
pub use share::ShareError;
pub use space::{KeyType, Space, SpaceError};
pub use state::{FoundError, State};
pub use stock::{Alert, Stock};
pub use stripe::Stripe;
pub use supply::{Draw, Position, Supply};
pub use title::Title;
pub use tracker::{Advice, Tracker};
