use core::fmt;

/// What has to happen before a statement of one node takes effect on the others.
///
/// Ordered by strictness: nothing has to happen, a person has to agree, it does not happen at all.
/// The greater class is the stricter one, and a statement has the greatest class of its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Each node carries it out when it arrives.
    AutoApply,
    /// Each node waits until somebody has approved it, on whichever node.
    RequireApproval,
    /// It stays on the node where it was made.
    Exclude,
}

impl Class {
    /// All classes, the least strict first.
    pub const ALL: [Self; 3] = [Self::AutoApply, Self::RequireApproval, Self::Exclude];

    /// The name used in SQL and in configuration files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AutoApply => "auto_apply",
            Self::RequireApproval => "require_approval",
            Self::Exclude => "exclude",
        }
    }

    /// The class with this [`name`](Self::name).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
