//! Asking the daemons of peers how they are.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use steep_ipc::Failure;
use tokio::sync::watch;

use super::settings::Settings;
use crate::grpc::PeerError;

/// A future that is kept behind a pointer.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Where the daemon of a peer is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PeerAddress {
    /// The peer's node id.
    pub node: String,
    /// Host of its daemon.
    pub host: String,
    /// TCP port of its daemon.
    pub port: u16,
}

/// What the daemon of a peer answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerAnswer {
    /// Who it says it is.
    pub node: String,
    /// How it is: `ok`, `warning` or `critical`.
    pub status: String,
    /// Whether it reaches its PostgreSQL.
    pub postgres_reachable: bool,
    /// Its clock when it answered, in microseconds since 1970-01-01 UTC.
    pub answered_at_us: i64,
}

/// Why a daemon gave no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoAnswer {
    /// What happened.
    pub reason: String,
    /// The way out, if it is known.
    pub hint: Option<String>,
}

impl From<PeerError> for NoAnswer {
    fn from(error: PeerError) -> Self {
        let failure = Failure::from(error);
        Self { reason: failure.message, hint: failure.hint }
    }
}

/// Asks the daemons of peers how they are.
pub trait AskPeer: Send + Sync + 'static {
    /// Asks one; the error says why there is no answer.
    fn ask<'a>(&'a self, peer: &'a PeerAddress) -> BoxFuture<'a, Result<PeerAnswer, NoAnswer>>;
}

/// What is known of a peer's daemon.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PeerHealth {
    /// Its last answer.
    pub answer: Option<PeerAnswer>,
    /// Whether it answered the last time it was asked.
    pub is_reachable: bool,
    /// For how many questions in a row it has not answered.
    pub failures: u32,
    /// Why it did not answer the last time.
    pub error: Option<NoAnswer>,
    /// Its clock minus this one, in milliseconds.
    pub clock_offset_ms: Option<i64>,
    /// Up to how much that can be wrong: half of the round trip, in milliseconds.
    pub clock_error_ms: i64,
    /// When it answered last: RFC 3339.
    pub answered_at: Option<String>,
}

impl PeerHealth {
    /// Takes in an answer that came after this round trip, or the reason why there is none.
    pub(super) fn observe(
        &mut self,
        sent_at: SystemTime,
        round_trip: Duration,
        answer: Result<PeerAnswer, NoAnswer>,
    ) {
        match answer {
            Ok(answer) => {
                let middle = micros(sent_at).saturating_add(as_micros(round_trip / 2));
                self.clock_offset_ms = Some((answer.answered_at_us.saturating_sub(middle)) / 1000);
                self.clock_error_ms = as_micros(round_trip / 2) / 1000 + 1;
                self.answered_at = Some(super::time::rfc3339(sent_at + round_trip));
                self.answer = Some(answer);
                self.is_reachable = true;
                self.failures = 0;
                self.error = None;
            }
            Err(error) => {
                self.is_reachable = false;
                self.failures = self.failures.saturating_add(1);
                self.error = Some(error);
                // The clock may have been set since.
                self.clock_offset_ms = None;
            }
        }
    }
}

fn micros(time: SystemTime) -> i64 {
    as_micros(time.duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn as_micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// Asks all peers at once, every [`Settings::peer_interval`], for as long as somebody looks at the
/// results.
pub(super) async fn run(
    settings: Settings,
    ask: Arc<dyn AskPeer>,
    peers: watch::Receiver<Vec<PeerAddress>>,
    results: watch::Sender<BTreeMap<String, PeerHealth>>,
) {
    let mut tick = tokio::time::interval(settings.peer_interval);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut changed = peers.clone();
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            // A new peer is asked at once.
            change = changed.changed() => if change.is_err() { return },
            () = results.closed() => return,
        }
        let now = peers.borrow().clone();
        let asked = now.iter().map(|peer| one(&*ask, peer, settings.peer_timeout));
        let answers = futures_util::future::join_all(asked).await;
        results.send_modify(|known| {
            known.retain(|node, _| now.iter().any(|peer| peer.node == *node));
            for (peer, (sent_at, round_trip, answer)) in now.iter().zip(answers) {
                known.entry(peer.node.clone()).or_default().observe(sent_at, round_trip, answer);
            }
        });
    }
}

async fn one(
    ask: &dyn AskPeer,
    peer: &PeerAddress,
    timeout: Duration,
) -> (SystemTime, Duration, Result<PeerAnswer, NoAnswer>) {
    let (sent_at, began) = (SystemTime::now(), tokio::time::Instant::now());
    let answer = match tokio::time::timeout(timeout, ask.ask(peer)).await {
        Ok(Ok(answer)) if answer.node != peer.node => Err(NoAnswer {
            reason: format!(
                "node \"{}\" answers at the address of node \"{}\"",
                answer.node, peer.node
            ),
            hint: Some("give each node its own address (topology.this_node)".to_owned()),
        }),
        Ok(answer) => answer,
        Err(_) => Err(NoAnswer { reason: format!("nothing came within {timeout:?}"), hint: None }),
    };
    (sent_at, began.elapsed(), answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_offset_is_taken_from_the_middle_of_the_round_trip() {
        let sent_at = UNIX_EPOCH + Duration::from_secs(1000);
        let mut health = PeerHealth::default();
        let answer = PeerAnswer {
            node: "b".into(),
            status: "ok".into(),
            postgres_reachable: true,
            answered_at_us: 1_000_550_000,
        };
        health.observe(sent_at, Duration::from_millis(100), Ok(answer));
        assert_eq!(health.clock_offset_ms, Some(500));
        assert_eq!(health.clock_error_ms, 51);
        for _ in 0..3 {
            let away = NoAnswer { reason: "away".into(), hint: None };
            health.observe(sent_at, Duration::ZERO, Err(away));
        }
        assert_eq!(
            (health.failures, health.is_reachable, health.clock_offset_ms),
            (3, false, None)
        );
        assert!(health.answer.is_some(), "what it said last is still known");
    }
}
