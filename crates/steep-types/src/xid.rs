use core::{fmt, num::ParseIntError, str::FromStr};

/// A transaction id with its epoch: PostgreSQL's `FullTransactionId`, SQL's `xid8`.
///
/// `pg_snapshot` holds ids of this kind. Tuples and replication messages carry only the low 32
/// bits; [`Xid::widen`] gives them their epoch back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Xid(u64);

/// A text is not an [`Xid`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("transaction id is not a 64-bit number")]
pub struct ParseXidError(#[source] ParseIntError);

impl Xid {
    /// Takes a full, 64-bit id.
    #[must_use]
    pub const fn new(id: u64) -> Self {
        Self(id)
    }

    /// The full, 64-bit id.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The full id of which `low` are the low 32 bits, as the one nearest to `near`.
    ///
    /// Right as long as the two lie within 2^31 transactions of each other, which PostgreSQL's
    /// wraparound protection guarantees for ids that are in use. An id that would lie before the
    /// first epoch is taken from the first one.
    ///
    /// ```
    /// use steep_types::Xid;
    ///
    /// let near = Xid::new((1 << 32) + 5);
    /// assert_eq!(Xid::widen(9, near), Xid::new((1 << 32) + 9));
    /// assert_eq!(Xid::widen(u32::MAX, near), Xid::new((1 << 32) - 1));
    /// ```
    #[must_use]
    pub const fn widen(low: u32, near: Self) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "the low half is what is wanted")]
        let distance = low.wrapping_sub(near.0 as u32).cast_signed();
        match near.0.checked_add_signed(distance as i64) {
            Some(id) => Self(id),
            None => Self(low as u64),
        }
    }
}

impl FromStr for Xid {
    type Err = ParseXidError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self).map_err(ParseXidError)
    }
}

impl fmt::Display for Xid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widening_picks_the_nearest_epoch() {
        let epoch = 1_u64 << 32;
        for (low, near, full) in [
            (7, 9, 7),
            (9, 7, 9),
            (1, 3 * epoch - 1, 3 * epoch + 1),
            (u32::MAX, 3 * epoch + 1, 3 * epoch - 1),
            (u32::MAX, 3, u64::from(u32::MAX)),
        ] {
            assert_eq!(Xid::widen(low, Xid::new(near)), Xid::new(full), "{low} near {near}");
        }
    }
}
