//! Failures of PostgreSQL, as a client is told of them.

use steep_ipc::{Failure, FailureClass};
use steep_pg::{Class, PgError};

/// A failure of PostgreSQL, as a client is told of it: its message, and its hint or else its detail.
#[must_use]
pub fn failure(error: &PgError) -> Failure {
    let class = match error.class() {
        Class::Transient => FailureClass::Transient,
        Class::Peer => FailureClass::Peer,
        Class::Operator => FailureClass::Operator,
        Class::Misuse => FailureClass::Misuse,
        _ => FailureClass::Bug,
    };
    let mut failure = Failure::new(class, error.to_string());
    failure.summary = error.summary();
    match error.hint().or(error.detail()) {
        Some(hint) => failure.with_hint(hint),
        None => failure,
    }
}
