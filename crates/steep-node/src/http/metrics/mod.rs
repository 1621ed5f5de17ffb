//! Metrics in Prometheus' text form, version 0.0.4.
//!
//! Names begin with `steep_repl_`; units are seconds and bytes. [`CATALOG`] lists all of them. A
//! metric of something that is not known (no pair, PostgreSQL not seen yet) has no sample. What
//! PostgreSQL said last stays while it is away: `steep_repl_postgres_up` says which it is.

mod catalog;
mod collect;
mod text;

pub use self::catalog::{CATALOG, Kind, Metric};
pub(super) use self::collect::render;

/// What the answer says it is.
pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";
