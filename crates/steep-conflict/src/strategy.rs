use crate::Detection;
use alloc::string::String;
use core::{fmt, str::FromStr};
use steep_types::CommitTs;

/// Which of two concurrent writes of a row stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Strategy {
    /// The greater [`Version`](crate::Version). The default, and the only one that always
    /// converges.
    #[default]
    LastWriteWins,
    /// The lesser version.
    FirstWriteWins,
    /// The write of the node that goes first in [`Origins`](crate::Origins).
    NodePriority,
    /// The row this node has.
    KeepLocal,
    /// The row that arrives.
    ApplyRemote,
    /// Neither: the row this node has stays for now and a person decides.
    Manual,
}

/// What a strategy promises about the nodes ending with the same rows.
///
/// The crate's first page states each promise as a theorem with its assumptions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Convergence {
    /// Any number of nodes, any history, any order of arrival between origins.
    Always,
    /// Two nodes and any history; more nodes only in single rounds, as [`Convergence::OneRound`].
    TwoNodes,
    /// Any number of nodes, where each writes a row at most once between two moments at which
    /// all nodes hold the same row.
    OneRound,
    /// The nodes differ until a resolution made by a person has reached all of them.
    WhenResolved,
    /// The nodes differ after a conflict, by definition.
    Never,
}

/// A text is not the name of a strategy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown conflict strategy {name:?}, expected one of last_write_wins, first_write_wins, \
     node_priority, keep_local, apply_remote, manual"
)]
pub struct UnknownStrategy {
    /// The text.
    pub name: String,
}

impl Strategy {
    /// All strategies, the default first.
    pub const ALL: [Self; 6] = [
        Self::LastWriteWins,
        Self::FirstWriteWins,
        Self::NodePriority,
        Self::KeepLocal,
        Self::ApplyRemote,
        Self::Manual,
    ];

    /// The name used in SQL and in configuration files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LastWriteWins => "last_write_wins",
            Self::FirstWriteWins => "first_write_wins",
            Self::NodePriority => "node_priority",
            Self::KeepLocal => "keep_local",
            Self::ApplyRemote => "apply_remote",
            Self::Manual => "manual",
        }
    }

    /// What the strategy promises; whoever configures anything but `Always` should be told.
    #[must_use]
    pub const fn convergence(self) -> Convergence {
        match self {
            Self::LastWriteWins => Convergence::Always,
            Self::FirstWriteWins => Convergence::OneRound,
            Self::NodePriority => Convergence::TwoNodes,
            Self::KeepLocal | Self::ApplyRemote => Convergence::Never,
            Self::Manual => Convergence::WhenResolved,
        }
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Strategy {
    type Err = UnknownStrategy;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|strategy| strategy.name() == name);
        found.ok_or_else(|| UnknownStrategy { name: name.into() })
    }
}

/// How a table's conflicts are decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Policy {
    strategy: Strategy,
    horizon: CommitTs,
}

/// Why a policy would not do what its name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// The strategy is about concurrent writes, and nothing tells them from sequential ones.
    #[error("strategy {strategy} needs exact detection, which needs replica identity full")]
    NeedsExactDetection {
        /// The strategy.
        strategy: Strategy,
    },
}

impl Policy {
    /// A policy for a table whose conflicts are found by `detection`.
    ///
    /// `horizon` is a timestamp below which every [`Held::Unknown`](crate::Held::Unknown) version
    /// lies: this node's clock at the moment when it last saw the oldest kept commit timestamp
    /// advance. (All transactions that lost theirs had committed by then, and by the clock rule
    /// none of them was stamped later.)
    ///
    /// # Errors
    /// [`PolicyError::NeedsExactDetection`] for all strategies but last-write-wins: with "the
    /// origin differs" as the test, `node_priority` would forbid a node ever to change a row that
    /// another one wrote last year.
    pub const fn new(
        strategy: Strategy,
        detection: Detection,
        horizon: CommitTs,
    ) -> Result<Self, PolicyError> {
        match (strategy, detection) {
            (Strategy::LastWriteWins, _) | (_, Detection::Exact) => Ok(Self { strategy, horizon }),
            (_, Detection::Default) => Err(PolicyError::NeedsExactDetection { strategy }),
        }
    }

    /// Last-write-wins, which works with either detection.
    #[must_use]
    pub const fn last_write_wins(horizon: CommitTs) -> Self {
        Self { strategy: Strategy::LastWriteWins, horizon }
    }

    /// The strategy.
    #[must_use]
    pub const fn strategy(self) -> Strategy {
        self.strategy
    }

    /// Every version that is no longer known lies below it.
    #[must_use]
    pub const fn horizon(self) -> CommitTs {
        self.horizon
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn names_are_read_back_and_errors_list_them_all() {
        for strategy in Strategy::ALL {
            assert_eq!(strategy.to_string().parse(), Ok(strategy));
        }
        let error = "LAST_WRITE_WINS".parse::<Strategy>().unwrap_err().to_string();
        assert!(Strategy::ALL.iter().all(|strategy| error.contains(strategy.name())), "{error}");
    }

    #[test]
    fn only_last_write_wins_makes_do_with_default_detection() {
        for strategy in Strategy::ALL {
            let policy = Policy::new(strategy, Detection::Default, CommitTs::MIN);
            assert_eq!(policy.is_ok(), strategy == Strategy::LastWriteWins);
            assert!(Policy::new(strategy, Detection::Exact, CommitTs::MIN).is_ok());
        }
    }
}
