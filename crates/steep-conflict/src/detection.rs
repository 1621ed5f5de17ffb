use crate::Evidence;
use alloc::string::String;
use core::{fmt, str::FromStr};
use steep_types::{Snapshot, Xid};

/// How a table's truly concurrent writes are told from sequential ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Detection {
    /// By origin and heartbeats: another origin's write is a conflict unless a heartbeat proves
    /// that it saw the local row. Never misses a conflict; may log one that was none.
    #[default]
    Default,
    /// By the old row that `REPLICA IDENTITY FULL` puts in the message: it equals the local row
    /// exactly when the remote write was made on top of it.
    Exact,
}

/// A text is not the name of a detection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown conflict detection {name:?}, expected one of default, exact")]
pub struct UnknownDetection {
    /// The text.
    pub name: String,
}

/// What the guard has at hand to find out whether two writes knew of each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Clues {
    /// Whether the old row in the message equals the local one; for an insert, whether there is
    /// no local row. `None` if the message has no old row and the change is not an insert.
    pub old_row_is_local: Option<bool>,
    /// A heartbeat proves that the remote write was made after the local one was applied there.
    pub remote_saw_local: bool,
    /// A heartbeat proves that the local row was written after the remote change was applied.
    pub local_saw_remote: bool,
}

impl Detection {
    /// The name used in SQL and in configuration files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Exact => "exact",
        }
    }

    /// What the clues prove. Heartbeats are proofs under either detection.
    #[must_use]
    pub const fn evidence(self, clues: Clues) -> Evidence {
        match (self, clues.old_row_is_local) {
            _ if clues.remote_saw_local => Evidence::RemoteSawLocal,
            _ if clues.local_saw_remote => Evidence::LocalSawRemote,
            (Self::Exact, Some(true)) => Evidence::RemoteSawLocal,
            (Self::Exact, Some(false)) => Evidence::Concurrent,
            (Self::Exact, None) | (Self::Default, _) => Evidence::Unproved,
        }
    }
}

impl fmt::Display for Detection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Detection {
    type Err = UnknownDetection;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "default" => Ok(Self::Default),
            "exact" => Ok(Self::Exact),
            _ => Err(UnknownDetection { name: name.into() }),
        }
    }
}

/// The heartbeat rule for a row that was written on the node which echoed snapshots are of.
///
/// Node B's stream held a beat that echoes node A's snapshot: everything of A visible in it had
/// been applied on B before what follows in B's stream. `echoed` is the latest such snapshot this
/// node has applied from B, `writer` the transaction on A that wrote the row (on A itself, the
/// row's `xmin`). If it is visible, any change that arrives from B now was made after it.
///
/// `writer` is a top-level transaction. A snapshot does not list subtransactions: for a row's `xmin`,
/// which may be one, ask instead whether it lies below [`Snapshot::xmin`].
///
/// ```
/// use steep_conflict::saw_by_beat;
/// use steep_types::{Snapshot, Xid};
///
/// let echoed: Snapshot = "700:705:702".parse()?;
/// assert!(saw_by_beat(Some(&echoed), Xid::new(701)));
/// assert!(!saw_by_beat(Some(&echoed), Xid::new(702)), "was still in progress");
/// assert!(!saw_by_beat(None, Xid::new(701)), "no beat, no proof");
/// # Ok::<(), steep_types::ParseSnapshotError>(())
/// ```
#[must_use]
pub fn saw_by_beat(echoed: Option<&Snapshot>, writer: Xid) -> bool {
    echoed.is_some_and(|snapshot| snapshot.sees(writer))
}

/// The heartbeat rule for a row that came from a third node.
///
/// This node applies A's stream in order, each transaction under a greater local xid than the one
/// before. So what it applied under an xid below that of A's beat was in A's stream before that
/// beat. If B's stream echoes that beat, B had applied all of it: a change that arrives from B now
/// was made after the row. `row` is the local `xmin` of the row A wrote, `echoed_beat` the local
/// `xmin` under which this node applied the beat of A which B echoes.
#[must_use]
pub fn saw_forwarded(echoed_beat: Option<Xid>, row: Xid) -> bool {
    echoed_beat.is_some_and(|beat| row < beat)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_detection_ignores_the_old_row_and_exact_uses_it() {
        let same = Clues { old_row_is_local: Some(true), ..Clues::default() };
        let other = Clues { old_row_is_local: Some(false), ..Clues::default() };
        assert_eq!(Detection::Default.evidence(same), Evidence::Unproved);
        assert_eq!(Detection::Exact.evidence(same), Evidence::RemoteSawLocal);
        assert_eq!(Detection::Exact.evidence(other), Evidence::Concurrent);
        assert_eq!(Detection::Exact.evidence(Clues::default()), Evidence::Unproved);
    }

    #[test]
    fn a_heartbeat_is_a_proof_under_either() {
        let proof =
            Clues { remote_saw_local: true, old_row_is_local: Some(false), ..Clues::default() };
        for detection in [Detection::Default, Detection::Exact] {
            assert_eq!(detection.evidence(proof), Evidence::RemoteSawLocal);
            assert_eq!(detection.name().parse(), Ok(detection));
        }
    }

    #[test]
    fn a_row_applied_after_the_echoed_beat_is_not_covered_by_it() {
        assert!(saw_forwarded(Some(Xid::new(9)), Xid::new(8)));
        assert!(!saw_forwarded(Some(Xid::new(9)), Xid::new(9)));
        assert!(!saw_forwarded(None, Xid::new(1)));
    }
}
