use crate::{Clauses, Kind, KindSet, ObjectName};
use alloc::vec::Vec;
use core::fmt;

/// A statement, without its grammar: what replication has to know of it.
///
/// Cheap to make from a parse tree: one allocation, for the names, which may borrow from it.
///
/// ```
/// use steep_ddl::{Clauses, Kind, ObjectName, Statement};
///
/// // alter table if exists shop.orders add column tier text, drop column note
/// let statement = Statement::new(Kind::AlterTableAddColumn)
///     .and(Kind::AlterTableDropColumn)
///     .clauses(Clauses::IF_EXISTS)
///     .about(ObjectName::qualified("shop", "orders"));
/// assert_eq!(statement.kind().tag(), "ALTER TABLE");
/// assert_eq!(statement.to_string(), "ALTER TABLE ADD COLUMN + ALTER TABLE DROP COLUMN (if exists) shop.orders");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement<'a> {
    kind: Kind,
    parts: KindSet,
    clauses: Clauses,
    names: Vec<ObjectName<'a>>,
}

impl<'a> Statement<'a> {
    /// A statement of this kind.
    #[must_use]
    #[inline]
    pub const fn new(kind: Kind) -> Self {
        let parts = KindSet::EMPTY.with(kind);
        Self { kind, parts, clauses: Clauses::NONE, names: Vec::new() }
    }

    /// It does this as well: a further subcommand, an element of a schema, a constraint of a column.
    #[must_use]
    #[inline]
    pub fn and(mut self, kind: Kind) -> Self {
        self.parts = self.parts.with(kind);
        self
    }

    /// It says this as well.
    #[must_use]
    #[inline]
    pub fn clauses(mut self, clauses: Clauses) -> Self {
        self.clauses = self.clauses.with(clauses);
        self
    }

    /// It concerns this as well. The table, for its columns, constraints, triggers and policies.
    #[must_use]
    #[inline]
    pub fn about(mut self, name: ObjectName<'a>) -> Self {
        self.names.push(name);
        self
    }

    /// All that another statement does and says, which is part of this one.
    #[must_use]
    #[inline]
    pub fn containing(mut self, other: &Statement<'a>) -> Self {
        self.parts = self.parts.union(other.parts);
        self.clauses = self.clauses.with(other.clauses);
        self
    }

    /// What it does first; its tag is the statement's.
    #[must_use]
    #[inline]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// All it does.
    #[must_use]
    #[inline]
    pub const fn parts(&self) -> KindSet {
        self.parts
    }

    /// What else it says.
    #[must_use]
    #[inline]
    pub const fn said(&self) -> Clauses {
        self.clauses
    }

    /// What it concerns, in its order.
    #[must_use]
    pub fn names(&self) -> &[ObjectName<'a>] {
        &self.names
    }

    /// The same, borrowing nothing.
    #[must_use]
    pub fn into_owned(self) -> Statement<'static> {
        let Self { kind, parts, clauses, names } = self;
        let names = names.into_iter().map(ObjectName::into_owned).collect();
        Statement { kind, parts, clauses, names }
    }
}

/// For logs and tests.
impl fmt::Display for Statement<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.parts)?;
        if self.clauses != Clauses::NONE {
            write!(f, " ({})", self.clauses)?;
        }
        for (nth, name) in self.names.iter().enumerate() {
            let joint = if nth == 0 { " " } else { ", " };
            write!(f, "{joint}{name}")?;
        }
        Ok(())
    }
}
