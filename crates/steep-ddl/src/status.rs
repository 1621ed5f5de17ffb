use core::fmt;

/// How far a statement has come on one node.
///
/// | status | set by | waits for |
/// |---|---|---|
/// | `PENDING` | its arrival, if it requires approval | a decision |
/// | `APPROVED` | its arrival, or a decision | the node to carry it out |
/// | `APPLIED` | the node | nothing, ever |
/// | `REJECTED` | a decision, or a person who skips a failed one | nothing |
/// | `FAILED` | the node, with the error | a person: retry or skip |
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Nobody has decided yet.
    Pending,
    /// To be carried out.
    Approved,
    /// Carried out.
    Applied,
    /// Not to be carried out.
    Rejected,
    /// Could not be carried out.
    Failed,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Pending, Self::Approved, Self::Applied, Self::Rejected, Self::Failed];

    /// The name used in SQL.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Approved => "APPROVED",
            Self::Applied => "APPLIED",
            Self::Rejected => "REJECTED",
            Self::Failed => "FAILED",
        }
    }

    /// The status with this [`name`](Self::name).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    /// Whether the statement may go from this status to that one, by whatever happens.
    ///
    /// `APPROVED` and `REJECTED` may change into each other: an earlier decision may be heard of
    /// later. What has been tried is past decisions.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Pending, Self::Approved | Self::Rejected)
                | (Self::Approved, Self::Applied | Self::Failed | Self::Rejected)
                | (Self::Rejected, Self::Approved)
                | (Self::Failed, Self::Approved | Self::Rejected)
        )
    }

    /// Whether it still holds back what comes after it on the same table.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Approved | Self::Failed)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
