//! Which write of a row stays when several nodes write it: the merge decision of steep-repl.
//!
//! Each node applies the changes of all others, in whatever order the network brings them. This
//! crate answers, for one change and what the node holds under its key, what to do
//! ([`decide`]), who wins a unique value ([`contend`]), when a tombstone may go ([`may_prune`]),
//! and how a resolution is taken back ([`plan_revert`]). The answers are such that all nodes end
//! with the same rows; how far that goes is said below, as theorems with their assumptions.
//!
//! It does **not** read rows, clocks or logs, compare tuples, apply anything, or talk to anyone.
//! It does not merge two rows column by column. It allocates nothing while deciding.
//!
//! # Contract
//!
//! Built once per node table: [`Origins`], the order in which nodes win ties. Built once per table:
//! a [`Policy`]. For each change that arrives, under a lock on the key that lasts to the end of the
//! applying transaction:
//!
//! 1. find the [`RowState`] under the primary key, and what the clues prove
//!    ([`Detection::evidence`]);
//! 2. [`decide`]; write [`Decision::conflict`], if any, to the log in the same transaction;
//! 3. if the action puts a row in place, [`contend`] with every other row that holds one of its
//!    unique values, and retract whoever loses, as described there;
//! 4. do it. The state is then [`Decision::state_after`].
//!
//! # States of a key
//!
//! | state | left by | kept until |
//! |---|---|---|
//! | [`Absent`](RowState::Absent) | nothing, or pruning | something arrives |
//! | [`Live`](RowState::Live) | insert, update | delete, retraction |
//! | [`Dead`](RowState::Dead) | delete | a newer insert or update, or pruning |
//! | [`Retracted`](RowState::Retracted) | the loss of a unique value | the same |
//!
//! # Theorem 1: last-write-wins converges
//!
//! *Once every node has applied every transaction, all nodes hold the same rows: under each key the
//! change of the greatest version, or nothing if that is a delete.* For any number of nodes, any
//! history of transactions, any interleaving of the streams, equal timestamps, changes that
//! overtake the ones they were made over, and whole streams delivered again. It assumes:
//!
//! * **A1, streams.** Each origin's transactions arrive in its commit order, whole. One that may
//!   have been applied before is marked [`Change::replayed`].
//! * **A2, clocks.** A write made after its node applied another has a later timestamp: before
//!   applying a transaction a node waits until its clock has passed it. On one node timestamps do
//!   not decrease. (Nodes may be skewed against each other by any amount.)
//! * **A3, order.** All nodes know the same priority and id of each node.
//! * **A4, horizon.** No change stamped below a node's [`Policy::horizon`] is still to come there.
//!   If one does come, and meets a row of unknown version, it is left for a person: the nodes may
//!   then differ, never in silence.
//! * **A5, pruning.** Tombstones go by [`may_prune`], and no transaction made before a pruned
//!   delete is delivered again (keep them all while a node joins).
//! * **A6, whole rows.** Each change carries its whole row. Where an update leaves TOASTed columns
//!   out and the local row is a concurrent one, the result is a mixture that may differ between
//!   nodes; it is marked [`Conflict::mixed`]. `REPLICA IDENTITY FULL` carries the whole row.
//!
//! # Theorem 2: unique keys converge, too
//!
//! *The same, if rows contend for unique values: all nodes end with the same rows, and no value is
//! held twice, at any moment, on any node.* A loser is withdrawn by a retraction of exactly the
//! version that lost. It assumes A1 to A6 and
//!
//! * **A7, retractions are published** by each node that makes one, in its own stream. Deriving
//!   them on every node is not enough: a node that hears of the winner's next move first never
//!   sees the contest, and would keep the loser.
//! * **A8**, where versions get lost: one origin does not write a row twice in one microsecond.
//!
//! Not promised: that the survivors are a function of the writes alone. If `x` beats `y` and loses
//! to `z`, whether `y` dies depends on whether any node saw `x` and `y` together before `x` died;
//! all nodes agree in the end. The newest of all contenders always survives. In between, a row may
//! be gone on some nodes and there on others.
//!
//! A retraction could also be published as an ordinary delete, stamped when the contest is decided.
//! The nodes then agree as well, but such a delete kills writes newer than the one that lost; and
//! Theorem 3 becomes false.
//!
//! # Theorem 3: a sequential history loses nothing
//!
//! *If each write was made by a node that had applied all writes before it, with a later timestamp,
//! the end is what a single server would hold,* however changes overtake each other, though unique
//! values move from row to row and collide in passing.
//!
//! # Theorem 4: the log
//!
//! *Every insert or update that lost its key to a write which did not know of it, and that nobody wrote
//! over knowingly, is in the log of some node; so is every delete that lost to an update.* With
//! [`Detection::Exact`], nothing is logged of a sequential history unless changes overtake each
//! other; by default, nothing once heartbeats have carried the proofs round. A false entry costs a
//! line in the log, never a row. Exact detection takes equal old rows for proof, unless versions
//! contradict: a row that returns to an earlier value between two concurrent writes can hide one.
//!
//! # The other strategies
//!
//! | strategy | promise |
//! |---|---|
//! | `node_priority` | two nodes converge, if no key is inserted twice and no row returns to an earlier value; more nodes only in rounds |
//! | `first_write_wins` | converges in rounds, on any number of nodes; two writes of one row in a row are enough to part even two nodes |
//! | `manual` | the nodes keep their own rows; a resolution by someone who has applied everything makes them equal |
//! | `keep_local`, `apply_remote` | none |
//!
//! *In rounds*: between two moments at which all nodes hold the same row, each node writes it at
//! most once. [`Strategy::convergence`] says the same to programs. Unique keys under these
//! strategies are decided by the same rule, without a promise.
//!
//! # Invariants
//!
//! * **C1** The version order is total, and no answer depends on which node asks.
//! * **C2** Under last-write-wins the version held under a key never decreases.
//! * **C3** A delete or retraction leaves a tombstone of its version, row or no row.
//! * **C4** An unknown order is never guessed at: [`Action::Defer`], and a pending conflict.
//! * **C5** A transaction delivered again (A1) leaves the same rows and the same log as once.
//! * **C6** A retraction ends its version and older ones, under every strategy, and no newer one.
//! * **C7** What one origin writes over its own write is no conflict, nor is what is proven to be
//!   sequential, nor are two identical rows, nor two deletes.
//!
//! `tests/` holds each of them: `convergence` (1), `unique` (2 and 3), `log` (4), `strategies`,
//! `exhaustive` (all orders of small histories) and `decide_table` (single cases).
//!
//! # Example
//!
//! ```
//! use steep_conflict::{Action, Change, ChangeKind, Held, Origins, Policy, RowState, Version, decide};
//! use steep_types::{CommitTs, NodeId, Priority};
//!
//! let (a, b): (NodeId, NodeId) = ("a".parse()?, "b".parse()?);
//! let nodes = Origins::new([(a.clone(), Priority::new(90)), (b.clone(), Priority::new(10))])?;
//! let (a, b) = (nodes.origin(&a).ok_or("a")?, nodes.origin(&b).ok_or("b")?);
//! let policy = Policy::last_write_wins(CommitTs::MIN);
//! let at = |micros, origin| Version::new(CommitTs::from_micros(micros), origin);
//!
//! // Node b deleted a row at 7; node a, which had not heard of it, updated it at 9.
//! let delete = Change::new(ChangeKind::Delete, at(7, b));
//! let update = Change::new(ChangeKind::Update, at(9, a));
//!
//! // On a third node the delete arrives first, and the update brings the row back ...
//! let dead = RowState::Dead(Held::Known(delete.version));
//! let back = decide(&dead, &update, &policy);
//! assert_eq!(back.action, Action::InsertRow);
//!
//! // ... on node a the delete arrives last, and is refused. Both end with the update.
//! let live = RowState::Live(Held::Known(update.version));
//! let refused = decide(&live, &delete, &policy);
//! assert_eq!(refused.action, Action::Skip);
//! assert_eq!(back.state_after(dead, &update), refused.state_after(live, &delete));
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
#![no_std]

extern crate alloc;

mod change;
mod conflict;
mod decide;
mod decision;
mod detection;
mod origin;
mod revert;
mod strategy;
mod tombstone;
mod unique;
mod version;

pub use change::{Change, ChangeKind, Columns, Evidence};
pub use conflict::{Conflict, ConflictType, PgConflict, Resolution};
pub use decide::decide;
pub use decision::{Action, Decision, Reason};
pub use detection::{Clues, Detection, UnknownDetection, saw_by_beat, saw_forwarded};
pub use origin::{Origin, Origins, OriginsError};
pub use revert::{LogEntry, LoggedTuple, RevertError, RevertPlan, Side, plan_revert};
pub use strategy::{Convergence, Policy, PolicyError, Strategy, UnknownStrategy};
pub use tombstone::may_prune;
pub use unique::{Contender, Contest, contend};
pub use version::{Held, RowState, Version};
