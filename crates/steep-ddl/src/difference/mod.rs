//! In what two descriptions of a table differ, for people and for programs.

mod find;

pub use self::find::differences;

use alloc::format;
use alloc::string::String;
use core::fmt;

/// One thing in which two descriptions of a table differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What differs.
    pub part: Part,
    /// How.
    pub change: Change,
}

/// A part of a table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Part {
    /// The table as such.
    Table,
    /// A column.
    Column(String),
    /// A constraint.
    Constraint(String),
    /// An index.
    Index(String),
    /// A table it inherits from.
    Parent(String),
}

/// How a part differs. The texts are the part's on either side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Only the first table has it.
    OnlyFirst(String),
    /// Only the second table has it.
    OnlySecond(String),
    /// Both have it, in other forms.
    Differs {
        /// What of it.
        aspect: Aspect,
        /// In the first table.
        first: String,
        /// In the second table.
        second: String,
    },
}

/// What of a part differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Aspect {
    /// The table's schema or name.
    Name,
    /// Whether it is unlogged.
    Unlogged,
    /// The order of the columns that both have.
    ColumnOrder,
    /// A column's type.
    Type,
    /// Whether it may be null.
    Nullability,
    /// Its collation.
    Collation,
    /// Its default, generation or identity.
    Value,
    /// How a constraint or an index is defined.
    Definition,
    /// The replica identity.
    ReplicaIdentity,
    /// The partition key.
    PartitionKey,
    /// What it is a partition of, and with which bound.
    PartitionOf,
    /// Row security.
    RowSecurity,
}

impl Aspect {
    /// A stable name for machines.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Unlogged => "unlogged",
            Self::ColumnOrder => "column_order",
            Self::Type => "type",
            Self::Nullability => "nullability",
            Self::Collation => "collation",
            Self::Value => "value",
            Self::Definition => "definition",
            Self::ReplicaIdentity => "replica_identity",
            Self::PartitionKey => "partition_key",
            Self::PartitionOf => "partition_of",
            Self::RowSecurity => "row_security",
        }
    }

    /// For people.
    const fn words(self) -> &'static str {
        match self {
            Self::Unlogged => "persistence",
            Self::ColumnOrder => "order of columns",
            Self::Value => "default",
            Self::ReplicaIdentity => "replica identity",
            Self::PartitionKey => "partition key",
            Self::PartitionOf => "partition of",
            Self::RowSecurity => "row security",
            Self::Name | Self::Type | Self::Nullability | Self::Collation | Self::Definition => {
                self.name()
            }
        }
    }
}

impl Difference {
    /// A stable name for machines: `column_missing`, `column_type`, `index_definition`,
    /// `table_row_security`.
    #[must_use]
    pub fn code(&self) -> String {
        let part = match self.part {
            Part::Table => "table",
            Part::Column(_) => "column",
            Part::Constraint(_) => "constraint",
            Part::Index(_) => "index",
            Part::Parent(_) => "parent",
        };
        match &self.change {
            Change::OnlyFirst(_) | Change::OnlySecond(_) => format!("{part}_missing"),
            Change::Differs { aspect, .. } => format!("{part}_{}", aspect.name()),
        }
    }

    /// A line for people, where the tables are those of `first` and `second`: `node a`, `here`.
    #[must_use]
    pub fn told<'a>(&'a self, first: &'a str, second: &'a str) -> impl fmt::Display + 'a {
        Told { difference: self, first, second }
    }
}

struct Told<'a> {
    difference: &'a Difference,
    first: &'a str,
    second: &'a str,
}

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { difference: Difference { part, change }, first, second } = self;
        match part {
            Part::Table => f.write_str("table")?,
            Part::Column(name) => write!(f, "column \"{name}\"")?,
            Part::Constraint(name) => write!(f, "constraint \"{name}\"")?,
            Part::Index(name) => write!(f, "index \"{name}\"")?,
            Part::Parent(name) => write!(f, "parent \"{name}\"")?,
        }
        match change {
            Change::OnlyFirst(what) => write!(f, ": only at {first}{}", InBrackets(what)),
            Change::OnlySecond(what) => write!(f, ": only at {second}{}", InBrackets(what)),
            Change::Differs { aspect, first: at_first, second: at_second } => {
                write!(f, ": {}: {at_first} at {first}, {at_second} at {second}", aspect.words())
            }
        }
    }
}

struct InBrackets<'a>(&'a str);

impl fmt::Display for InBrackets<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, " ({})", self.0) }
    }
}
