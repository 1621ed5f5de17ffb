//! Peers' daemons, asked by gRPC.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use steep_proto::{HealthRequest, PROTOCOL};

use super::peers::{AskPeer, BoxFuture, NoAnswer, PeerAddress, PeerAnswer};
use crate::grpc::{PeerClient, PeerError, Security};
use crate::join::Address;

/// Asks peers' daemons by gRPC, over connections that are kept.
#[derive(Debug)]
pub struct Daemons {
    security: Option<Security>,
    connected: Mutex<BTreeMap<PeerAddress, PeerClient>>,
}

impl Daemons {
    /// Asks with this security; without any, nobody can be asked.
    #[must_use]
    pub fn new(security: Option<Security>) -> Self {
        Self { security, connected: Mutex::default() }
    }

    async fn answer(&self, peer: &PeerAddress) -> Result<PeerAnswer, NoAnswer> {
        let Some(security) = &self.security else {
            return Err(NoAnswer {
                reason: "this daemon has no certificates, so that no peer can be asked".to_owned(),
                hint: Some(
                    "make them with `steep-replctl tls init` and name them in \
                     replication.grpc.tls"
                        .to_owned(),
                ),
            });
        };
        let client = self.client(peer, security).await?;
        let (node, now) = match security {
            Security::Tls(tls) => (tls.node(), std::time::SystemTime::now()),
            Security::Plaintext { node } => (node.clone(), std::time::SystemTime::now()),
        };
        let sent_at = now.duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_micros();
        let question = HealthRequest {
            protocol: PROTOCOL,
            node_id: node.to_string(),
            sent_at_us: i64::try_from(sent_at).unwrap_or(i64::MAX),
        };
        match client.health_check(question).await {
            Ok(answer) => Ok(PeerAnswer {
                node: answer.node_id,
                status: answer.status,
                postgres_reachable: answer.postgres_reachable,
                answered_at_us: answer.answered_at_us,
            }),
            Err(error) => {
                // The next question opens a connection of its own.
                self.connected.lock().unwrap_or_else(PoisonError::into_inner).remove(peer);
                Err(error.into())
            }
        }
    }

    async fn client(
        &self,
        peer: &PeerAddress,
        security: &Security,
    ) -> Result<PeerClient, PeerError> {
        let known =
            self.connected.lock().unwrap_or_else(PoisonError::into_inner).get(peer).cloned();
        // The peer's daemon ends connections whose caller's certificate has expired; its own is for
        // the caller to look at.
        if let Some(client) = known.filter(PeerClient::is_certificate_valid) {
            return Ok(client);
        }
        let client = PeerClient::connect(&written(peer), security, Some(&peer.node)).await?;
        let mut connected = self.connected.lock().unwrap_or_else(PoisonError::into_inner);
        // Only what is still asked for stays open.
        connected.retain(|other, _| other.node != peer.node);
        connected.insert(peer.clone(), client.clone());
        Ok(client)
    }
}

/// As a URL has it: an IPv6 address stands in brackets there.
fn written(peer: &PeerAddress) -> String {
    Address { host: peer.host.clone(), port: peer.port }.to_string()
}

impl AskPeer for Daemons {
    fn ask<'a>(&'a self, peer: &'a PeerAddress) -> BoxFuture<'a, Result<PeerAnswer, NoAnswer>> {
        Box::pin(self.answer(peer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_may_be_at_an_ipv6_address() {
        let at = |host: &str| {
            written(&PeerAddress { node: "b".to_owned(), host: host.to_owned(), port: 5433 })
        };
        assert_eq!(at("fd00::2"), "[fd00::2]:5433");
        assert_eq!(at("b.example.net"), "b.example.net:5433");
    }
}
