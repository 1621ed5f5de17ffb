//! The ways by which this node's PostgreSQL gets the changes of the others: whether they are those that
//! the configuration asks for, and what is at their end.
//!
//! A subscription keeps how it connects from the time when the two nodes were tied together. Where the
//! configuration asks for another way since, [`Tender`] alters it:
//!
//! | the subscription's connection | the configuration asks for another | what is done |
//! |---|---|---|
//! | is as the daemon writes it | and this server can connect in that way | it is altered |
//! | is as the daemon writes it | and this server cannot | it stays, and is told |
//! | was written by hand | | it stays, and is told |
//! | was altered before and is set back | | it stays, and is told |
//!
//! The address of `steep_repl.nodes` is taken only while nothing comes by the present one: somebody
//! may have had a reason for that.
//!
//! While nothing comes, the other end is asked why: [`There`].

mod findings;
mod mend;
mod tender;
mod there;
mod wanted;

pub use self::findings::{Finding, Findings, Stale, There, Why};
pub use self::tender::{Repaired, Tender};
