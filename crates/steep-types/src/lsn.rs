use core::{fmt, num::ParseIntError, str::FromStr};

/// A byte position in a node's write-ahead log: PostgreSQL's `XLogRecPtr`, SQL's `pg_lsn`.
///
/// Positions of different nodes are not comparable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lsn(u64);

/// Why a text is not an [`Lsn`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseLsnError {
    /// There is no slash between two halves.
    #[error("lsn has no slash")]
    NoSlash,
    /// A half is not a hexadecimal number of at most 32 bits.
    #[error("lsn has a half that is not a 32-bit hexadecimal number")]
    Half(#[source] ParseIntError),
}

impl Lsn {
    /// The invalid position, `0/0`: PostgreSQL's `InvalidXLogRecPtr`.
    pub const INVALID: Self = Self(0);

    /// Takes a byte position.
    #[must_use]
    pub const fn new(position: u64) -> Self {
        Self(position)
    }

    /// The byte position.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl FromStr for Lsn {
    type Err = ParseLsnError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (high, low) = text.split_once('/').ok_or(ParseLsnError::NoSlash)?;
        let half = |text| u32::from_str_radix(text, 16).map_err(ParseLsnError::Half);
        Ok(Self(u64::from(half(high)?) << 32 | u64::from(half(low)?)))
    }
}

impl fmt::Display for Lsn {
    /// PostgreSQL's form, two hexadecimal halves: `16/B374D848`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:X}/{:X}", self.0 >> 32, self.0 & u64::from(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn text_is_postgresqls() {
        for text in ["0/0", "16/B374D848", "FFFFFFFF/FFFFFFFF", "1/5"] {
            assert_eq!(text.parse::<Lsn>().unwrap().to_string(), text);
        }
        assert_eq!("0/0".parse(), Ok(Lsn::INVALID));
        assert_eq!("12".parse::<Lsn>(), Err(ParseLsnError::NoSlash));
        for bad in ["/", "1/", "1/123456789", "x/1"] {
            assert!(matches!(bad.parse::<Lsn>(), Err(ParseLsnError::Half(_))), "{bad}");
        }
    }
}
