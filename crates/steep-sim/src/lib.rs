//! Groups of `steep_topology` nodes on a simulated network, replayed to the last byte from a seed.
//!
//! For tests and for `cargo xtask sim`; nothing else depends on it. A run has one true time. Nodes
//! have clocks of their own that begin anywhere and run up to 10 % too fast or too slow, disks that
//! write slowly and lose what was begun when the process crashes, and a driver that does what the
//! contract of `steep_topology` says ([`Broken`] lists what it can be told to do wrong instead).
//!
//! It does not simulate PostgreSQL, gRPC or an operating system.
//!
//! # What goes wrong
//!
//! Messages are lost, doubled, delayed up to two seconds and overtake each other. Links are cut both
//! ways or one way, nodes isolated, the group split. Processes crash, alone, all together, and voters
//! between two rivals again and again; they are stopped for up to eight seconds and go on as if
//! nothing had been. Disks take up to 2.5 seconds, PostgreSQL goes away, a node falls behind, wall
//! clocks are set by up to an hour. People add and remove members, the coordinator included, change
//! priorities, promote, demote, destroy one of two nodes and expel it. In one of four runs each
//! start has a lease of its own. Each seed has some of these kinds only.
//!
//! # Invariants
//!
//! | | what holds | broken driver that it catches |
//! |---|---|---|
//! | T1 | a term has at most one elected coordinator | votes for everybody |
//! | T2 | who acts with a quorum is the only one that acts | ignores its lease; forgets its promise; forgets its vote; clocks beyond the bound |
//! | T3 | no id is granted twice | grants anything |
//! | T4 | soon after the last fault all members follow a coordinator | forgets the timer |
//! | T5 | without faults the coordinator changes to better nodes only | no pre-vote |
//! | T6 | settled memberships are one line, a change apart | edits the membership |
//! | T7 | what is said is on disk | does not wait for the disk |
//!
//! T1 to T3, T6 and T7 are looked at whenever they can be violated, T4 and T5 when everything is
//! mended. Then one way between two nodes may stay cut, which must not make the group restless.
//!
//! # Example
//!
//! ```
//! use steep_sim::{Plan, run};
//!
//! let plan = Plan { traced: true, ..Plan::new(7) };
//! let outcome = run(plan);
//! assert!(outcome.violation.is_none());
//! assert_eq!(run(plan).trace, outcome.trace);
//! ```

mod batch;
mod broken;
mod clock;
mod driver;
mod event;
mod fault;
mod invariants;
mod network;
mod node;
mod outcome;
mod plan;
mod random;
mod run;
mod trace;
mod world;

pub use batch::{Summary, run_all};
pub use broken::Broken;
pub use invariants::Invariant;
pub use outcome::{Outcome, Stats, Violation};
pub use plan::{Plan, Scene};
pub use random::Random;
pub use run::run;
