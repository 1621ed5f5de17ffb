//! What must hold in every run, one file each. None of them looks into a machine's decisions: they
//! see what nodes send, what is on their disks, and what they say that they do.

mod alive_again;
mod membership_is_linear;
mod no_flapping;
mod no_overlap;
mod one_acts_with_quorum;
mod one_per_term;
mod written_before_sent;

use std::fmt;
use steep_topology::{Acting, Durable, Membership, Message};

pub(crate) use alive_again::AliveAgain;
pub(crate) use membership_is_linear::MembershipIsLinear;
pub(crate) use no_flapping::NoFlapping;
pub(crate) use no_overlap::NoOverlap;
pub(crate) use one_acts_with_quorum::OneActsWithQuorum;
pub(crate) use one_per_term::OnePerTerm;
pub(crate) use written_before_sent::WrittenBeforeSent;

/// Which invariant, by the number it has in the documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// At most one elected coordinator in each term.
    OnePerTerm,
    /// Who acts with a quorum is the only one that acts.
    OneActsWithQuorum,
    /// No id is granted twice.
    NoOverlap,
    /// A coordinator that all members follow, soon after the last fault.
    AliveAgain,
    /// Without faults the coordinator changes to better nodes only.
    NoFlapping,
    /// Settled memberships form one line, each one change from the one before.
    MembershipIsLinear,
    /// What is said is on disk.
    WrittenBeforeSent,
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OnePerTerm => "T1 one coordinator per term",
            Self::OneActsWithQuorum => "T2 one acts with a quorum",
            Self::NoOverlap => "T3 no id is granted twice",
            Self::AliveAgain => "T4 alive again after healing",
            Self::NoFlapping => "T5 no flapping",
            Self::MembershipIsLinear => "T6 membership is linear",
            Self::WrittenBeforeSent => "T7 written before sent",
        })
    }
}

/// What an invariant is shown.
pub(crate) enum Seen<'a> {
    /// A node handed a message to the network, with that on its disk.
    Sent { from: usize, to: usize, message: &'a Message, disk: &'a Durable },
    /// A node began to act or got a longer lease; who acts at that moment, by node.
    Acts { node: usize, acting: Acting, all: &'a [Option<Acting>] },
    /// A coordinator says that a quorum has this membership.
    Settled { membership: &'a Membership },
    /// A block of ids was granted.
    Granted { node: usize, block: u64 },
}

/// What does not hold, or nothing.
pub(crate) type Finding = Result<(), String>;

/// The invariants that are looked at at each step, with what they remember.
#[derive(Debug, Default)]
pub(crate) struct Invariants {
    one_per_term: OnePerTerm,
    one_acts_with_quorum: OneActsWithQuorum,
    no_overlap: NoOverlap,
    membership_is_linear: MembershipIsLinear,
    written_before_sent: WrittenBeforeSent,
}

impl Invariants {
    pub(crate) fn see(&mut self, seen: &Seen<'_>) -> Result<(), (Invariant, String)> {
        let of = |invariant| move |what| (invariant, what);
        self.one_per_term.see(seen).map_err(of(Invariant::OnePerTerm))?;
        self.one_acts_with_quorum.see(seen).map_err(of(Invariant::OneActsWithQuorum))?;
        self.no_overlap.see(seen).map_err(of(Invariant::NoOverlap))?;
        self.membership_is_linear.see(seen).map_err(of(Invariant::MembershipIsLinear))?;
        self.written_before_sent.see(seen).map_err(of(Invariant::WrittenBeforeSent))
    }
}
