use crate::{Membership, MembershipId, Report, WallClock};
use core::time::Duration;
use steep_types::{NodeId, Term};

/// What nodes say to each other. Any of it may be lost, late, repeated, or overtaken.
///
/// `HealthCheck` carries a ping and returns a pong. `ProposeCoordinator` carries a proposal, which
/// returns a vote, or a nomination, which returns nothing. The driver pairs an answer with its
/// question by `exchange`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A question: how are you? A coordinator asks for the renewal of its lease with it.
    Ping(Ping),
    /// The answer.
    Pong(Pong),
    /// A question: may I be coordinator?
    Propose(Proposal),
    /// The answer.
    Vote(Vote),
    /// The coordinator of this term has stopped, and asks the receiver to propose itself.
    Nominate(Term),
}

/// Whether a coordinator was elected, or acts without having been.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// One of two, and the other one is silent: it was not asked.
    Alone,
    /// A quorum elected it.
    Elected,
}

/// *I am coordinator.*
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// In which term it was elected, or appointed itself.
    pub term: Term,
    /// How it came to it.
    pub standing: Standing,
    /// For how long the receiver is asked to follow nobody else, on the receiver's clock.
    pub lease: Duration,
}

/// A look at a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ping {
    /// Repeated by the answer.
    pub exchange: u64,
    /// When it was sent, by the sender's wall clock.
    pub sent_at: Option<WallClock>,
    /// The sender's term.
    pub term: Term,
    /// If the sender is coordinator.
    pub claim: Option<Claim>,
    /// Which membership the sender knows.
    pub known: MembershipId,
    /// That membership, if the receiver was last heard to know an older one.
    pub update: Option<Membership>,
    /// How the sender is.
    pub report: Report,
}

/// The answer to a ping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pong {
    /// Of the ping.
    pub exchange: u64,
    /// When the ping came and when this was sent, by the sender's wall clock.
    pub answered_at: Option<WallClock>,
    /// The sender's term.
    pub term: Term,
    /// The claim is accepted: in the sender's term, the receiver is followed and nobody else, from
    /// when the ping came and for as long as the claim asked for.
    pub is_granted: bool,
    /// If the sender acts as coordinator itself.
    pub claim: Option<Claim>,
    /// Which membership the sender knows, an update in the ping included.
    pub known: MembershipId,
    /// That membership, if it is newer than the one in the ping.
    pub update: Option<Membership>,
    /// How the sender is.
    pub report: Report,
}

/// Whether a vote is asked for, or only whether it would be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Would you? Nothing is changed by it (pre-vote, section 9.6 of the Raft thesis).
    Ask,
    /// Vote.
    Elect,
}

/// A candidate, asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Repeated by the answer.
    pub exchange: u64,
    /// The term to be coordinator in.
    pub term: Term,
    /// What is asked.
    pub phase: Phase,
    /// The candidate's membership. Who knows a newer one refuses.
    pub known: MembershipId,
    /// For how long the candidate would be followed, on the receiver's clock.
    pub lease: Duration,
    /// A coordinator that has stopped in favour of the candidate: promises to it are void.
    pub released: Option<Release>,
}

/// *`node` was coordinator of `term`, and will never act in it, or one before it, again.*
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Who stopped.
    pub node: NodeId,
    /// In which term.
    pub term: Term,
}

/// The answer to a proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vote {
    /// Of the proposal.
    pub exchange: u64,
    /// Of the proposal.
    pub term: Term,
    /// Of the proposal.
    pub phase: Phase,
    /// Nothing, or why not.
    pub refusal: Option<Refusal>,
    /// The voter's own term: a candidate that is refused has to go beyond it.
    pub voter_term: Term,
    /// Which membership the voter knows.
    pub known: MembershipId,
}

/// Why a vote is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The voter is in a later term.
    OldTerm,
    /// The voter has voted for another one in this term.
    VotedForAnother,
    /// The voter follows, or may follow, another one for now.
    Promised,
    /// The voter is coordinator itself.
    Coordinator,
    /// The voter knows a newer membership.
    OldMembership,
    /// The voter cannot write anything down.
    NoPostgres,
}
