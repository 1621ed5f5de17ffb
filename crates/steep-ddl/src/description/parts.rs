use crate::ObjectName;
use alloc::string::String;

/// A constraint of a table, but for its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Constraint {
    /// What kind it is.
    pub kind: ConstraintKind,
    /// `pg_get_constraintdef`: with `DEFERRABLE`, `NOT VALID`, `NOT ENFORCED` and the like.
    pub definition: String,
}

/// What a constraint demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConstraintKind {
    /// A condition on a row.
    Check,
    /// The primary key.
    PrimaryKey,
    /// No two rows equal in it.
    Unique,
    /// No two rows that overlap or the like.
    Exclusion,
    /// A row in another table.
    ForeignKey,
}

/// How rows are found that other nodes update or delete.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReplicaIdentity {
    /// By the primary key.
    Default,
    /// Not at all.
    Nothing,
    /// By the whole row.
    Full,
    /// By the index of this name.
    Index(String),
}

/// The place of a partition.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartitionOf {
    /// The partitioned table, with its schema.
    pub parent: ObjectName<'static>,
    /// `pg_get_expr(relpartbound)`: `FOR VALUES …` or `DEFAULT`.
    pub bound: String,
}

/// Whether policies count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowSecurity {
    /// For everybody but the owner.
    pub is_enabled: bool,
    /// For the owner, too.
    pub is_forced: bool,
}
