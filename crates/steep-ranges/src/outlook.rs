use crate::{Alert, Rate, State};
use core::time::Duration;

/// How long a table's ids will last, all nodes together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outlook {
    /// All ids that there are.
    pub size: u64,
    /// Ids that are neither granted nor occupied.
    pub left: u64,
    /// How long they last at the rate that was named; nothing if nobody draws.
    pub lasts: Option<Duration>,
}

impl Outlook {
    /// A change of a key's type has to be planned: rows are rewritten, programs are looked at.
    pub const WARNING: Duration = Duration::from_secs(90 * 86_400);
    /// And it has to be done.
    pub const CRITICAL: Duration = Duration::from_secs(14 * 86_400);

    /// How near the table is to its last id, by what is used or by time, whichever is worse.
    #[must_use]
    pub fn alert(&self) -> Alert {
        let by_time = match self.lasts {
            Some(lasts) if lasts < Self::CRITICAL => Alert::Critical,
            Some(lasts) if lasts < Self::WARNING => Alert::Warning,
            _ => Alert::None,
        };
        by_time.max(Alert::of(self.left, self.size))
    }
}

impl State {
    /// How long the ids will last if all nodes together draw them at `rate`.
    #[must_use]
    pub fn outlook(&self, rate: Rate) -> Outlook {
        let left = self.left();
        Outlook { size: self.space().ids().len(), left, lasts: rate.lasts(left) }
    }
}
