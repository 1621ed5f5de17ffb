use crate::{Class, Unreplicated};

/// What becomes of a kind of statement when nobody has configured anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Treatment {
    /// It replicates, with this class.
    Replicated(Class),
    /// It replicates by itself, but checks rows that are there: a peer may have rows that the
    /// origin has not, and they may not pass. Until somebody approves, unless the table is new.
    Checking,
    /// It never replicates, and whoever runs it is told.
    Told(Unreplicated),
    /// It never replicates, and nobody would expect it to.
    Silent(Unreplicated),
}

impl Treatment {
    /// The class on a table that other nodes may have rows in.
    #[must_use]
    pub const fn class(self) -> Class {
        match self {
            Self::Replicated(class) => class,
            Self::Checking => Class::RequireApproval,
            Self::Told(_) | Self::Silent(_) => Class::Exclude,
        }
    }

    /// Why it never replicates, if it never does.
    #[must_use]
    pub const fn never(self) -> Option<Unreplicated> {
        match self {
            Self::Told(reason) | Self::Silent(reason) => Some(reason),
            Self::Replicated(_) | Self::Checking => None,
        }
    }
}
