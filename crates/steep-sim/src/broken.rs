use std::fmt;
use std::str::FromStr;

/// A way to use the machine against its contract, which some invariant must notice.
///
/// The machine itself is never changed: each is something that a driver could do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// Reports writes before they are done.
    DoesNotWaitForTheDisk,
    /// Gives its vote to whoever asks for it.
    VotesForEverybody,
    /// Starts without the last term, vote and promise, as if only the membership were kept.
    ForgetsItsVote,
    /// Starts without the promise that it may have made just before.
    ForgetsItsPromise,
    /// Acts until it is told to stop, without a look at the clock.
    IgnoresItsLease,
    /// Its monotonic clock is wrong by more than the bound.
    ClocksBeyondTheBound,
    /// Answers the pre-vote itself, in everybody's name.
    NoPreVote,
    /// Writes another membership to its disk.
    EditsTheMembership,
    /// Calls no timeouts any more at some time.
    ForgetsTheTimer,
    /// Grants whatever it takes for free, as it is the coordinator.
    GrantsAnything,
}

const NAMES: [(Broken, &str); 10] = [
    (Broken::VotesForEverybody, "votes-for-everybody"),
    (Broken::DoesNotWaitForTheDisk, "does-not-wait-for-the-disk"),
    (Broken::ForgetsItsVote, "forgets-its-vote"),
    (Broken::ForgetsItsPromise, "forgets-its-promise"),
    (Broken::IgnoresItsLease, "ignores-its-lease"),
    (Broken::ClocksBeyondTheBound, "clocks-beyond-the-bound"),
    (Broken::NoPreVote, "no-pre-vote"),
    (Broken::EditsTheMembership, "edits-the-membership"),
    (Broken::ForgetsTheTimer, "forgets-the-timer"),
    (Broken::GrantsAnything, "grants-anything"),
];

impl Broken {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.into_iter().map(|(broken, _)| broken)
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = NAMES.iter().find(|(broken, _)| broken == self).map(|(_, name)| *name);
        f.write_str(name.unwrap_or_default())
    }
}

impl FromStr for Broken {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = NAMES.iter().find(|(_, name)| *name == text).map(|(broken, _)| *broken);
        let names = NAMES.map(|(_, name)| name).join(", ");
        found.ok_or_else(|| format!("no such broken driver; there are {names}"))
    }
}
