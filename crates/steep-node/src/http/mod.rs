//! Health and metrics over HTTP, for load balancers and monitoring.
//!
//! | path | answer |
//! |---|---|
//! | `/health` | [`steep_ipc::Health`] as JSON; 200, or 503 while any check is critical |
//! | `/ready` | 200 once the node replicates, else 503 and why |
//! | `/metrics` | Prometheus' text form, see [`metrics`] |
//!
//! Nothing can be changed this way, and nothing of a row is shown. By default the daemon answers on
//! loopback only; there is no TLS and no login.
//!
//! # Limits
//!
//! So many connections at a time ([`Limits::connections`]; further ones wait to be accepted), one
//! request on each, answered within [`Limits::request`] or hung up on.

pub mod metrics;
mod routes;
mod server;

pub use self::server::{HttpError, Limits, serve};
