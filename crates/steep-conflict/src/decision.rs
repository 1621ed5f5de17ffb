use crate::{Change, ChangeKind, Conflict, Held, RowState};

/// What the guard is to do with a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Let PostgreSQL apply it as it is.
    Apply,
    /// An insert meets a row of the same key and wins: remove that row, then let the insert go on.
    ReplaceRow,
    /// An update meets no row and wins: insert its new row. Columns that are not in the message
    /// come from the row kept with the tombstone.
    InsertRow,
    /// A retraction meets the row it withdraws: remove it, keeping a tombstone that says so.
    RemoveRow,
    /// A delete or retraction meets no row: keep it as a tombstone of its version.
    Bury,
    /// Do nothing; what is here stays.
    Skip,
    /// Do not apply the transaction yet: the row this change builds upon is still on its way from
    /// another node. Abort and retry. What is waited for was applied at the remote node before,
    /// so transactions never wait for each other in a circle.
    Await,
    /// Do nothing to the row and log the conflict for a person to decide.
    Defer,
}

/// Why the decision is what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Nothing is known here about the key.
    NothingHere,
    /// What is here was written by the transaction that is being applied.
    OwnTransaction,
    /// The same origin wrote what is here, earlier in its stream.
    SameOrigin,
    /// The same origin wrote what is here, with a later timestamp, and yet the change is not
    /// delivered again: the clock of that origin stepped back. Report it, for the nodes may differ.
    ClockSteppedBack,
    /// The transaction was applied here before.
    Replayed,
    /// One write was made on top of the other.
    Sequential,
    /// The strategy chose between concurrent writes.
    Strategy,
    /// What is here is a retraction of this very version, or of a later one.
    Retracted,
    /// The version of what is here is lost, and the change is not certainly newer.
    VersionUnknown,
    /// The change lacks columns that only a row still on its way can supply.
    ColumnsMissing,
}

/// The outcome for one change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Decision {
    /// What to do.
    pub action: Action,
    /// Why.
    pub reason: Reason,
    /// What to log, if it is a conflict.
    pub conflict: Option<Conflict>,
}

impl Decision {
    pub(crate) const fn quiet(action: Action, reason: Reason) -> Self {
        Self { action, reason, conflict: None }
    }

    /// What the node holds under the key once the transaction has committed.
    #[must_use]
    pub const fn state_after(&self, before: RowState, change: &Change) -> RowState {
        let version = Held::Known(change.version);
        match (self.action, change.kind) {
            (Action::Skip | Action::Await | Action::Defer, _) => before,
            (_, ChangeKind::Delete) => RowState::Dead(version),
            (_, ChangeKind::Retract) => RowState::Retracted(version),
            (_, ChangeKind::Insert | ChangeKind::Update) => RowState::Live(version),
        }
    }
}
