use crate::{Class, Fingerprint, Status};

/// How a table here compares with what it was at the origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// As it was there before the statement.
    Before,
    /// As it was there after the statement: somebody has carried it out here already.
    After,
    /// Neither.
    Drifted,
}

impl Fit {
    /// Of one table: before and after at the origin, and here. `None` where there is no such table.
    ///
    /// If the statement changes nothing that a fingerprint holds, the table is as before.
    #[must_use]
    pub fn of(
        before: Option<Fingerprint>,
        after: Option<Fingerprint>,
        here: Option<Fingerprint>,
    ) -> Self {
        if here == before {
            Self::Before
        } else if here == after {
            Self::After
        } else {
            Self::Drifted
        }
    }

    /// Of all tables of a statement. One that was carried out half is not carried out: it drifted.
    /// Without tables there is nothing that could differ.
    #[must_use]
    pub fn all(fits: impl IntoIterator<Item = Self>) -> Self {
        let mut fits = fits.into_iter();
        let Some(first) = fits.next() else { return Self::Before };
        if fits.all(|fit| fit == first) { first } else { Self::Drifted }
    }
}

/// A statement that has arrived, and all that decides what a node does with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// The status in this node's queue.
    pub status: Status,
    /// An earlier statement about one of its tables is still [open](Status::is_open) here. Then the
    /// table cannot be what it was at the origin, and the fingerprint proves nothing.
    pub is_held_back: bool,
    /// How its tables compare.
    pub fit: Fit,
    /// It runs in no transaction block.
    pub is_outside: bool,
}

/// What a node does with a statement that has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Carry it out, in the transaction that brought it, as the recorded role.
    Apply,
    /// Have the daemon carry it out, outside the stream.
    ApplyOutside,
    /// Note that it has been carried out: the table is as the origin's was after it.
    Note,
    /// Leave it until somebody decides.
    AwaitDecision,
    /// Leave it until the earlier ones about the same table are done.
    AwaitEarlier,
    /// Leave it until a person has decided about the failure.
    AwaitRetry,
    /// Leave it for good: it is done, or rejected.
    Leave,
    /// Stop, and show the difference: the table is not what it was at the origin.
    Drift,
}

impl Arrival {
    /// What to do.
    #[must_use]
    pub const fn step(self) -> Step {
        match self.status {
            Status::Applied | Status::Rejected => return Step::Leave,
            Status::Failed => return Step::AwaitRetry,
            // Before the rest: nobody need wait for others to decide.
            Status::Pending => return Step::AwaitDecision,
            Status::Approved => {}
        }
        if self.is_held_back {
            return Step::AwaitEarlier;
        }
        match self.fit {
            Fit::After => Step::Note,
            Fit::Drifted => Step::Drift,
            Fit::Before if self.is_outside => Step::ApplyOutside,
            Fit::Before => Step::Apply,
        }
    }
}

/// The class that counts on a node: the stricter one of what the origin recorded and what the
/// node's own rules say. Nodes may be configured differently; each keeps its own promise.
#[must_use]
pub fn class_here(recorded: Class, own: Class) -> Class {
    recorded.max(own)
}
