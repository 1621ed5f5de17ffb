//! Value types shared by the crates of steep-repl: what a node is called, when a transaction
//! committed, which transaction it was, where in the WAL it is, what a node's monotonic clock says,
//! which election it was.
//!
//! The crate holds values only. It reads no clock, talks to no server and decides nothing; the
//! decisions are in the crates that depend on it (`steep-conflict` and others).
//!
//! # Contract
//!
//! * Every type is a plain value: `Clone`, `Ord`, and (but for [`NodeId`] and [`Snapshot`]) `Copy`.
//! * `Display` writes PostgreSQL's own text form where PostgreSQL has one ([`Lsn`], [`Xid`],
//!   [`Snapshot`]), and `FromStr` reads it back: `x.to_string().parse() == Ok(x)`.
//! * A value that exists is valid; the check is in the constructor and its error names the value.
//!
//! | type | unit | PostgreSQL's name |
//! |---|---|---|
//! | [`NodeId`] | 1 to 63 bytes, ordered by bytes | |
//! | [`Priority`] | a number, higher goes first | |
//! | [`Term`] | the number of an election | |
//! | [`Instant`] | microseconds of one node's monotonic clock | |
//! | [`CommitTs`] | microseconds since 2000-01-01 00:00 UTC | `TimestampTz` |
//! | [`Xid`] | 64-bit transaction id, epoch included | `FullTransactionId`, `xid8` |
//! | [`Lsn`] | byte position in the WAL | `XLogRecPtr`, `pg_lsn` |
//! | [`Snapshot`] | the transactions finished at one moment | `pg_snapshot` |
//!
//! # Example
//!
//! ```
//! use steep_types::{CommitTs, Lsn, NodeId, Snapshot, Xid};
//!
//! let node: NodeId = "berlin-1".parse()?;
//! let at = CommitTs::from_micros(800_000_000_000_000);
//! assert!(node < "paris".parse()? && at < at.saturating_add_micros(1));
//! assert_eq!("16/B374D848".parse::<Lsn>()?.to_string(), "16/B374D848");
//!
//! let snapshot: Snapshot = "10:14:11,13".parse()?;
//! assert!(snapshot.sees(Xid::new(12)) && !snapshot.sees(Xid::new(13)));
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
#![no_std]

extern crate alloc;

mod commit_ts;
mod instant;
mod lsn;
mod node_id;
mod priority;
mod snapshot;
mod term;
mod xid;

pub use commit_ts::CommitTs;
pub use instant::Instant;
pub use lsn::{Lsn, ParseLsnError};
pub use node_id::{NodeId, NodeIdError};
pub use priority::Priority;
pub use snapshot::{ParseSnapshotError, Snapshot};
pub use term::Term;
pub use xid::{ParseXidError, Xid};
