use crate::{Acting, ClockOffset, Health, MembershipId, Report, Stream, Topology};
use alloc::vec::Vec;
use core::time::Duration;
use steep_types::{Instant, NodeId, Term};

/// What a node knows, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The term it is in.
    pub term: Term,
    /// Whether it coordinates, and how.
    pub acting: Option<Acting>,
    /// Whom it follows, or itself; nothing while nobody is known.
    pub coordinator: Option<NodeId>,
    /// Which membership it knows.
    pub membership: MembershipId,
    /// Whether it belongs to the group.
    pub is_member: bool,
    /// Whether it could coordinate: it can write, has caught up, and reaches a quorum.
    pub is_ready: bool,
    /// Its links, by peer.
    pub links: Vec<LinkStatus>,
}

/// What a node knows of a peer and the link to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkStatus {
    /// Who is at the other end.
    pub peer: NodeId,
    /// The peer's daemon answers this node.
    pub outbound: Health,
    /// The peer's daemon asks this node.
    pub inbound: Health,
    /// How long ago anything came from the peer, or this node began to listen.
    pub silent_for: Duration,
    /// What the peer said last of itself, its PostgreSQL, and the stream from this node to it.
    pub report: Option<Report>,
    /// The stream from the peer to this node.
    pub stream: Stream,
    /// How long the last exchange took.
    pub round_trip: Option<Duration>,
    /// How far the peer's wall clock is ahead.
    pub clock: Option<ClockOffset>,
}

impl Topology {
    /// What this node knows at `now`.
    #[must_use]
    pub fn status(&self, now: Instant) -> Status {
        let links = self.links.iter().map(|(peer, link)| LinkStatus {
            peer: peer.clone(),
            outbound: link.outbound,
            inbound: link.inbound,
            silent_for: now.saturating_since(link.heard_at),
            report: link.report,
            stream: link.stream,
            round_trip: link.round_trip,
            clock: link.offset.best(),
        });
        Status {
            term: self.state.term,
            acting: self.is_acting(now),
            coordinator: self.coordinator.as_ref().map(|known| known.0.clone()),
            membership: self.state.membership.id,
            is_member: self.state.membership.holds(&self.node),
            is_ready: self.is_ready(now),
            links: links.collect(),
        }
    }
}
