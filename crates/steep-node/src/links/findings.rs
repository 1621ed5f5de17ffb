//! What was found of the ways to the peers, for whoever watches.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What was found of the way to and from one peer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Finding {
    /// Why the subscription does not connect as the configuration says.
    pub stale: Option<Stale>,
    /// What keeps changes from coming, at the other end.
    pub there: Option<There>,
    /// Whether the peer cannot read past a time when this node's publication did not exist.
    pub is_blocked: bool,
}

/// A subscription that does not connect as the configuration says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stale {
    /// Its name.
    pub subscription: String,
    /// Keywords of the connection string that differ.
    pub differs: Vec<&'static str>,
    /// Why it is left as it is.
    pub why: Why,
}

/// Why a connection is left as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// Somebody wrote it by hand.
    ByHand,
    /// This server cannot connect as the configuration says.
    Refused(String),
    /// Somebody has set it back.
    SetBack,
}

/// What keeps changes from coming, at the other end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum There {
    /// It cannot be reached from this machine.
    Unreachable(String),
    /// It has no publication.
    NoPublication,
    /// It has no slot for this node.
    NoSlot,
    /// Its publication was dropped and made again, and the slot stands before that.
    Blocked,
}

/// The findings of all peers. Cheap to clone; all clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Findings(Arc<Mutex<BTreeMap<String, Finding>>>);

impl Findings {
    /// By peer; those of which there is nothing to say are left out.
    #[must_use]
    pub fn get(&self) -> BTreeMap<String, Finding> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn replace(&self, mut findings: BTreeMap<String, Finding>) {
        findings.retain(|_, finding| *finding != Finding::default());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = findings;
    }
}
