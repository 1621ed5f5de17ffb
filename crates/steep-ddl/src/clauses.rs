use core::fmt;

/// What a statement says besides what it does, and what its caller found out about it.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Clauses(u16);

impl Clauses {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// `IF EXISTS`.
    pub const IF_EXISTS: Self = Self(1);
    /// `IF NOT EXISTS`.
    pub const IF_NOT_EXISTS: Self = Self(1 << 1);
    /// `OR REPLACE`.
    pub const OR_REPLACE: Self = Self(1 << 2);
    /// `CASCADE`: what else it concerns is found in the catalog, and may be more on a peer.
    pub const CASCADE: Self = Self(1 << 3);
    /// `CONCURRENTLY`: runs in no transaction block, so in no transaction of the stream either.
    pub const CONCURRENTLY: Self = Self(1 << 4);
    /// The object is temporary: the statement says so, or its caller found it to be.
    pub const TEMPORARY: Self = Self(1 << 5);
    /// Of the objects it concerns some are temporary and some are not: no peer could carry it out.
    pub const PARTLY_TEMPORARY: Self = Self(1 << 10);
    /// `UNLOGGED`: its rows do not replicate, its definition does.
    pub const UNLOGGED: Self = Self(1 << 6);
    /// Values of rows that are there come from an expression that is not immutable: the default or
    /// the ids of an added column, or `USING` (or the cast) of a changed type. Each node would
    /// compute other values.
    ///
    /// Not set for a default that is for rows to come only (`CREATE TABLE`, `SET DEFAULT`).
    pub const NOT_IMMUTABLE: Self = Self(1 << 7);
    /// All rows of a table are written anew. For whoever shows the statement; changes no class.
    pub const REWRITES: Self = Self(1 << 8);
    /// Everything it concerns was made in the same transaction: no node has rows in it that the
    /// origin has not. No clause, but what the caller knows; it may lower the class.
    pub const NEW_TABLE: Self = Self(1 << 9);

    const NAMES: [(Self, &'static str); 11] = [
        (Self::IF_EXISTS, "if exists"),
        (Self::IF_NOT_EXISTS, "if not exists"),
        (Self::OR_REPLACE, "or replace"),
        (Self::CASCADE, "cascade"),
        (Self::CONCURRENTLY, "concurrently"),
        (Self::TEMPORARY, "temporary"),
        (Self::PARTLY_TEMPORARY, "partly temporary"),
        (Self::UNLOGGED, "unlogged"),
        (Self::NOT_IMMUTABLE, "not immutable"),
        (Self::REWRITES, "rewrites"),
        (Self::NEW_TABLE, "new table"),
    ];

    /// Both.
    #[must_use]
    #[inline]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Both, if `holds`.
    #[must_use]
    #[inline]
    pub const fn with_if(self, holds: bool, other: Self) -> Self {
        if holds { self.with(other) } else { self }
    }

    /// Whether all of `other` is in it.
    #[must_use]
    #[inline]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The clause with this name, as [`Display`](fmt::Display) writes it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.into_iter().find(|(_, known)| *known == name).map(|(clause, _)| clause)
    }

    fn names(self) -> impl Iterator<Item = &'static str> {
        let named = Self::NAMES.into_iter().filter(move |(clause, _)| self.contains(*clause));
        named.map(|(_, name)| name)
    }
}

/// The names, joined by commas.
impl fmt::Display for Clauses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, name) in self.names().enumerate() {
            let joint = if nth == 0 { "" } else { ", " };
            write!(f, "{joint}{name}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Clauses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clauses({self})")
    }
}
