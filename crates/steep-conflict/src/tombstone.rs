use crate::saw_by_beat;
use steep_types::{Snapshot, Xid};

/// Whether a tombstone may be pruned: whether nothing older than it can arrive any more.
///
/// A tombstone stands for a delete (or retraction) that some node, its *writer*, made in its
/// transaction `xid`. It is needed as long as a peer might still send a change made before that
/// peer knew of the delete. `echoes` holds, for every node of the cluster but this one and the
/// writer, the snapshot of the **writer** that was echoed in the latest heartbeat applied here from
/// that node; `None` if there was none. What follows such a beat in that node's stream was made
/// with the delete applied.
///
/// The writer needs no echo: what follows the delete in its own stream was made after it. Nodes
/// that are down or cut off count like all others: as long as one of them has not confirmed, the
/// tombstone stays, however old it is.
///
/// ```
/// use steep_conflict::may_prune;
/// use steep_types::{Snapshot, Xid};
///
/// let echoed: Snapshot = "80:80:".parse()?;
/// assert!(may_prune(Xid::new(79), [Some(&echoed), Some(&echoed)]));
/// assert!(!may_prune(Xid::new(80), [Some(&echoed)]), "not seen yet");
/// assert!(!may_prune(Xid::new(79), [Some(&echoed), None]), "one node is silent");
/// # Ok::<(), steep_types::ParseSnapshotError>(())
/// ```
#[must_use]
pub fn may_prune<'a>(xid: Xid, echoes: impl IntoIterator<Item = Option<&'a Snapshot>>) -> bool {
    echoes.into_iter().all(|echo| saw_by_beat(echo, xid))
}
