use crate::{ConflictType, Held, Resolution, RowState, Version};

/// One side of a logged conflict: what the log holds of its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LoggedTuple {
    /// The row's values.
    Row,
    /// That side had deleted the row.
    Deleted,
    /// The values were not kept, or not all of them.
    NotKept,
}

/// What a revert needs to know of an entry of `conflict_log`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LogEntry {
    /// What collided.
    pub kind: ConflictType,
    /// What became of the conflict.
    pub resolution: Resolution,
    /// The local side.
    pub local: LoggedTuple,
    /// The version of the local side; `None` if it was unknown.
    pub local_version: Option<Version>,
    /// The remote side.
    pub remote: LoggedTuple,
    /// The version of the remote side.
    pub remote_version: Version,
    /// The version of the write that a person resolved the conflict with, if one did.
    pub resolved_version: Option<Version>,
}

/// A side of a logged conflict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// What the node had.
    Local,
    /// What had arrived.
    Remote,
}

/// The write that takes a resolution back. It is an ordinary new write, with a new version, and
/// reaches the other nodes like any other; the entry is then marked [`Resolution::Reverted`].
///
/// Writing a row back can violate a unique key, when the row lost a contest for it: the write then
/// fails like any other, and the row that holds the value has to be changed first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RevertPlan {
    /// The row is there: update it to that side's values.
    Update(Side),
    /// The row is gone: insert that side's values.
    Insert(Side),
    /// That side had deleted the row: delete it.
    Delete,
}

/// Why a resolution is not reverted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RevertError {
    /// Nothing was decided yet.
    #[error("conflict is pending, there is no resolution to revert")]
    Pending,
    /// It was reverted before.
    #[error("conflict resolution is already reverted")]
    AlreadyReverted,
    /// The log does not hold the losing row.
    #[error("conflict log does not hold the {0:?} row")]
    TupleMissing(Side),
    /// The row is not as the resolution left it, and the revert is not forced.
    #[error("row was changed after the conflict was resolved")]
    RowChanged {
        /// The version the resolution left, if it is known.
        expected: Option<Version>,
        /// What is there now.
        found: RowState,
    },
    /// The row is gone and the losing side had deleted it, too.
    #[error("row is already deleted")]
    NothingToDo,
}

/// Plans the revert of a resolution, given what the node now holds under the key; after a contest
/// for a unique value, under the key of the row that lost it.
///
/// The losing side is written back: the local one if the remote was applied or a merge took the
/// place of both, the remote one if the local was kept. `force` skips the check that the row is
/// still as the resolution left it, and nothing else.
///
/// # Errors
/// [`RevertError`] says what stands in the way; only [`RevertError::RowChanged`] can be forced.
///
/// ```
/// use steep_conflict::{ConflictType, Held, LogEntry, LoggedTuple, Origins, Resolution, RevertError, RevertPlan,
///     RowState, Side, Version, plan_revert};
/// use steep_types::{CommitTs, NodeId, Priority};
///
/// let a: NodeId = "a".parse()?;
/// let a = Origins::new([(a.clone(), Priority::new(50))])?.origin(&a).ok_or("a")?;
/// let at = |micros| Version::new(CommitTs::from_micros(micros), a);
/// let entry = LogEntry {
///     kind: ConflictType::UpdateUpdate,
///     resolution: Resolution::AppliedRemote,
///     local: LoggedTuple::Row,
///     local_version: Some(at(1)),
///     remote: LoggedTuple::Row,
///     remote_version: at(2),
///     resolved_version: None,
/// };
/// let as_left = RowState::Live(Held::Known(at(2)));
/// assert_eq!(plan_revert(&entry, &as_left, false), Ok(RevertPlan::Update(Side::Local)));
///
/// let changed = RowState::Live(Held::Known(at(3)));
/// assert!(matches!(plan_revert(&entry, &changed, false), Err(RevertError::RowChanged { .. })));
/// assert_eq!(plan_revert(&entry, &changed, true), Ok(RevertPlan::Update(Side::Local)));
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
pub fn plan_revert(
    entry: &LogEntry,
    present: &RowState,
    force: bool,
) -> Result<RevertPlan, RevertError> {
    let (side, winner) = match entry.resolution {
        Resolution::Pending => return Err(RevertError::Pending),
        Resolution::Reverted => return Err(RevertError::AlreadyReverted),
        Resolution::AppliedRemote => (Side::Local, entry.remote),
        Resolution::KeptLocal => (Side::Remote, entry.local),
        Resolution::Merged => (Side::Local, LoggedTuple::Row),
    };
    let tuple = entry.tuple(side);
    if tuple == LoggedTuple::NotKept {
        return Err(RevertError::TupleMissing(side));
    }
    let left = entry.version_left(side);
    let may_be_absent = entry.kind == ConflictType::UniqueKey || winner == LoggedTuple::Deleted;
    if !force && !is_as_left(present, left, may_be_absent) {
        return Err(RevertError::RowChanged { expected: left, found: *present });
    }
    match (tuple, present.is_live()) {
        (LoggedTuple::Deleted, true) => Ok(RevertPlan::Delete),
        (LoggedTuple::Deleted, false) => Err(RevertError::NothingToDo),
        (_, true) => Ok(RevertPlan::Update(side)),
        (_, false) => Ok(RevertPlan::Insert(side)),
    }
}

impl LogEntry {
    const fn tuple(&self, side: Side) -> LoggedTuple {
        match side {
            Side::Local => self.local,
            Side::Remote => self.remote,
        }
    }

    /// The version the resolution left under the key, if `loser` lost: the winner's, or the
    /// loser's own where it was retracted. A person's choice was a write with its own version.
    const fn version_left(&self, loser: Side) -> Option<Version> {
        let unique = matches!(self.kind, ConflictType::UniqueKey);
        match (self.resolved_version, self.resolution, loser) {
            (Some(version), ..) => Some(version),
            (None, Resolution::Merged, _) => None,
            (None, _, Side::Local) if unique => self.local_version,
            (None, _, Side::Remote) if unique => Some(self.remote_version),
            (None, _, Side::Local) => Some(self.remote_version),
            (None, _, Side::Remote) => self.local_version,
        }
    }
}

/// A version that cannot be read is no proof that nothing changed. Nothing at all under the key is
/// one if the resolution left a tombstone: it was pruned.
fn is_as_left(present: &RowState, left: Option<Version>, may_be_absent: bool) -> bool {
    match present.held() {
        Some(Held::Known(found)) => left == Some(found),
        Some(Held::Own | Held::Unknown) => false,
        None => may_be_absent,
    }
}
