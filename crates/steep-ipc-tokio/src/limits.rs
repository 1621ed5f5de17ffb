//! What clients may cost a daemon.

use std::time::Duration;

/// What a daemon grants its clients. The longest messages are part of the protocol, in `steep-ipc`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// How many clients are served at a time; others are told so and hung up on. Each takes up to
    /// the longest request and, for a moment, the longest reply.
    pub connections: usize,
    /// How long a new client may take to greet.
    pub greeting: Duration,
    /// How long a request may take from its first byte to its last.
    pub request: Duration,
    /// How long a client may be connected without asking for anything.
    pub idle: Duration,
    /// How long a client may take to read a reply.
    pub reply: Duration,
}

impl Default for Limits {
    /// An operator's tools on one machine: people and a few scripts. A terminal interface asks every
    /// few seconds, so ten silent minutes are a forgotten one; all other times are those of one
    /// message on one machine, a hundred times over.
    fn default() -> Self {
        Self {
            connections: 64,
            greeting: Duration::from_secs(5),
            request: Duration::from_secs(10),
            idle: Duration::from_secs(600),
            reply: Duration::from_secs(10),
        }
    }
}
