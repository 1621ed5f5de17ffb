use crate::{ParseXidError, Xid};
use alloc::vec::Vec;
use core::{fmt, str::FromStr};

/// Which transactions of one node had finished at one moment: SQL's `pg_snapshot`.
///
/// Every id below `xmin` had finished, none from `xmax` on, and of those between all but the ones
/// in progress. Subtransactions are not listed. "Finished" includes aborted transactions; of those nothing is ever replicated.
///
/// The text form is PostgreSQL's, `xmin:xmax:xip1,xip2`.
///
/// ```
/// use steep_types::{Snapshot, Xid};
///
/// let snapshot: Snapshot = "10:14:11,13".parse()?;
/// let seen = (9..15).filter(|id| snapshot.sees(Xid::new(*id))).collect::<Vec<_>>();
/// assert_eq!(seen, [9, 10, 12]);
/// # Ok::<(), steep_types::ParseSnapshotError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    xmin: Xid,
    xmax: Xid,
    in_progress: Vec<Xid>,
}

/// Why a text or its parts are not a [`Snapshot`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseSnapshotError {
    /// The text is not made of three parts with colons between them.
    #[error("snapshot is not of the form xmin:xmax:xip")]
    Form,
    /// A part is not a transaction id.
    #[error("snapshot holds something that is no transaction id")]
    Xid(#[from] ParseXidError),
    /// `xmin` is greater than `xmax`.
    #[error("snapshot has xmin {xmin} above xmax {xmax}")]
    Bounds {
        /// The lower bound.
        xmin: Xid,
        /// The upper bound.
        xmax: Xid,
    },
    /// The ids in progress are not ascending, or one lies outside `xmin..xmax`.
    #[error("snapshot lists {xid} in progress out of order or out of bounds")]
    InProgress {
        /// The first such id.
        xid: Xid,
    },
}

impl Snapshot {
    /// Takes the bounds and the ids in progress, strictly ascending and within `xmin..xmax`.
    ///
    /// # Errors
    /// [`ParseSnapshotError::Bounds`] or [`ParseSnapshotError::InProgress`].
    pub fn new(xmin: Xid, xmax: Xid, in_progress: Vec<Xid>) -> Result<Self, ParseSnapshotError> {
        if xmin > xmax {
            return Err(ParseSnapshotError::Bounds { xmin, xmax });
        }
        let mut previous = None;
        for &xid in &in_progress {
            if xid < xmin || xid >= xmax || previous >= Some(xid) {
                return Err(ParseSnapshotError::InProgress { xid });
            }
            previous = Some(xid);
        }
        Ok(Self { xmin, xmax, in_progress })
    }

    /// Below it every transaction had finished.
    #[must_use]
    pub const fn xmin(&self) -> Xid {
        self.xmin
    }

    /// Whether `xid` had finished: what `pg_visible_in_snapshot` answers.
    #[must_use]
    pub fn sees(&self, xid: Xid) -> bool {
        xid < self.xmin || (xid < self.xmax && self.in_progress.binary_search(&xid).is_err())
    }
}

impl FromStr for Snapshot {
    type Err = ParseSnapshotError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split(':');
        let (Some(xmin), Some(xmax), Some(xip), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(ParseSnapshotError::Form);
        };
        let ids = xip.split(',').filter(|_| !xip.is_empty()).map(str::parse);
        Self::new(xmin.parse()?, xmax.parse()?, ids.collect::<Result<_, ParseXidError>>()?)
    }
}

impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:", self.xmin, self.xmax)?;
        for (i, xid) in self.in_progress.iter().enumerate() {
            write!(f, "{}{xid}", if i == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn text_is_postgresqls() {
        for text in ["10:20:10,14,15", "10:10:", "10:11:10"] {
            assert_eq!(text.parse::<Snapshot>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn malformed_texts_are_refused() {
        for bad in
            ["", "1", "1:2", "1:2:3:4", "2:1:", "1:5:5", "1:5:0", "1:5:3,2", "1:5:2,2", "1:5:2,"]
        {
            assert!(bad.parse::<Snapshot>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn bounds_are_seen_below_and_not_above() {
        let empty: Snapshot = "10:10:".parse().unwrap();
        assert!(empty.sees(Xid::new(9)) && !empty.sees(Xid::new(10)));
    }
}
