//! How much of everything.

use std::time::Duration;

/// What a server allows. The default is for a group of up to some fifty nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one message, either way. A description of 10,000 tables takes about 1 MiB.
    pub message_bytes: usize,
    /// Connections whose TLS handshake is done. Every peer has one or two.
    pub connections: usize,
    /// Connections in their handshake; one more ends the oldest. About 30 KiB each.
    pub handshakes: usize,
    /// How long a handshake may take: several round trips around the world and one slow signature.
    /// As long again until the first byte of HTTP/2.
    pub handshake_timeout: Duration,
    /// Calls at a time of one connection; more wait.
    pub calls_per_connection: usize,
    /// Calls at a time of all connections; more wait. Times the size of a message it bounds the
    /// memory that peers can make a server use.
    pub calls: usize,
    /// The longest that any call may take, from its last byte on; see [`super::Rpc::deadline`], of
    /// which the shorter one counts. Its first bytes may take as long before that.
    pub longest_call: Duration,
    /// Streams of `Join` at a time; more are refused. A node runs one job, the others wait or watch.
    pub streams: usize,
    /// Silence after which a ping is sent over a connection.
    pub keepalive_interval: Duration,
    /// How long the answer to a ping may take before the peer counts as gone.
    pub keepalive_timeout: Duration,
    /// How long calls may go on after shutdown was asked for.
    pub shutdown_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: MESSAGE_BYTES,
            connections: 256,
            handshakes: 256,
            handshake_timeout: Duration::from_secs(5),
            calls_per_connection: 16,
            calls: 64,
            longest_call: Duration::from_secs(900),
            streams: 8,
            keepalive_interval: KEEPALIVE_INTERVAL,
            keepalive_timeout: KEEPALIVE_TIMEOUT,
            shutdown_timeout: Duration::from_secs(10),
        }
    }
}

/// Bytes of one message.
pub(super) const MESSAGE_BYTES: usize = 4 << 20;

/// A peer that is gone is noticed after these two, well within the usual three health checks.
pub(super) const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
/// See [`KEEPALIVE_INTERVAL`].
pub(super) const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(5);
