use core::fmt;

/// When a transaction committed, in microseconds since 2000-01-01 00:00:00 UTC.
///
/// This is PostgreSQL's `TimestampTz`, the unit of `pg_xact_commit_timestamp` and of the commit
/// time in a logical `Begin` message. It is a reading of the clock of the node where the
/// transaction committed; the same value travels with the transaction to every other node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommitTs(i64);

impl CommitTs {
    /// The earliest value (`-infinity` to PostgreSQL), before every commit.
    pub const MIN: Self = Self(i64::MIN);
    /// The latest value (`infinity` to PostgreSQL), after every commit.
    pub const MAX: Self = Self(i64::MAX);

    /// Takes microseconds since 2000-01-01 00:00:00 UTC, as PostgreSQL stores them.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 2000-01-01 00:00:00 UTC.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// This time plus `micros` microseconds, stopping at [`CommitTs::MIN`] and [`CommitTs::MAX`].
    #[must_use]
    pub const fn saturating_add_micros(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }
}

impl fmt::Display for CommitTs {
    /// Seconds and microseconds since 2000-01-01, `12.000345`: exact, and free of time zones.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MICROS_PER_SECOND: u64 = 1_000_000;
        let sign = if self.0 < 0 { "-" } else { "" };
        let micros = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:06}", micros / MICROS_PER_SECOND, micros % MICROS_PER_SECOND)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn display_keeps_every_microsecond() {
        assert_eq!(CommitTs::from_micros(12_000_345).to_string(), "12.000345");
        assert_eq!(CommitTs::from_micros(-1).to_string(), "-0.000001");
        assert_eq!(CommitTs::MIN.to_string(), "-9223372036854.775808");
    }

    #[test]
    fn adding_stops_at_the_ends() {
        assert_eq!(CommitTs::MIN.saturating_add_micros(-1), CommitTs::MIN);
        assert_eq!(CommitTs::MAX.saturating_add_micros(1), CommitTs::MAX);
    }
}
