use crate::IdRange;

/// How many ids a node has left, and of what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stock {
    /// The range that the sequence is in, or begins with.
    pub range: Option<IdRange>,
    /// Ids left in it.
    pub left: u64,
    /// Ids in the ranges after it.
    pub reserve: u64,
}

/// How near a node, or a table, is to the end of its ids. Later is worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Alert {
    /// All is well.
    None,
    /// From [`Alert::WARNING_PERCENT`] used on.
    Warning,
    /// From [`Alert::CRITICAL_PERCENT`] used on.
    Critical,
    /// Nothing is left: inserts fail.
    Exhausted,
}

impl Alert {
    /// Used of what there is, in percent.
    pub const WARNING_PERCENT: u64 = 80;
    /// Used of what there is, in percent.
    pub const CRITICAL_PERCENT: u64 = 95;

    pub(crate) const fn of(left: u64, size: u64) -> Self {
        match percent_used(left, size) {
            _ if left == 0 => Self::Exhausted,
            Self::CRITICAL_PERCENT.. => Self::Critical,
            Self::WARNING_PERCENT.. => Self::Warning,
            _ => Self::None,
        }
    }
}

impl Stock {
    /// All ids left.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.left.saturating_add(self.reserve)
    }

    /// How much of the current range is used, in whole percent, rounded down; 100 if there is none.
    #[must_use]
    pub fn percent_used(&self) -> u64 {
        self.range.map_or(100, |range| percent_used(self.left, range.len()))
    }

    /// How near this node is to its last id. With a further range in reserve it is far from it,
    /// however full the current one is.
    #[must_use]
    pub fn alert(&self) -> Alert {
        match self.range {
            Some(_) if self.reserve > 0 => Alert::None,
            Some(range) => Alert::of(self.left, range.len()),
            None => Alert::Exhausted,
        }
    }
}

const fn percent_used(left: u64, size: u64) -> u64 {
    // At most 100, so it fits.
    (size.saturating_sub(left) as u128 * 100 / size as u128) as u64
}
