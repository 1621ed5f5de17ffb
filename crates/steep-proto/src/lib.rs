//! gRPC between steep-repl daemons: messages, client and server.
//!
//! The code in `src/generated` is written by `cargo xtask codegen` from `proto/replication.proto` and
//! committed; `cargo xtask tidy` finds it when it is stale.
//!
//! This crate does not connect, listen, check certificates or decide: `steep-node` does.
//!
//! # Contract
//!
//! * [`PROTOCOL`] travels in the first exchange of two daemons ([`HealthRequest`],
//!   [`DescribeRequest`], [`JoinRequest`]) and decides before anything else in it. A daemon refuses
//!   another protocol with `FAILED_PRECONDITION`.
//! * Fields and methods are added, never renumbered or given another meaning, while [`PROTOCOL`]
//!   stays as it is. An unknown field is ignored.
//! * A `node_id` in which a daemon speaks of itself is a claim; the certificate decides.
//!
//! ```
//! use steep_proto::{HealthRequest, PROTOCOL};
//!
//! let request = HealthRequest { protocol: PROTOCOL, node_id: "hq".into(), sent_at_us: 0 };
//! assert_eq!(request.protocol, 1);
//! ```

#[rustfmt::skip]
#[allow(missing_docs, unreachable_pub, unused_qualifications, clippy::all)]
#[path = "generated/steep.replication.v1.rs"]
mod generated;

mod credentials;

pub use generated::*;

/// The version of the exchange between daemons.
pub const PROTOCOL: u32 = 1;
