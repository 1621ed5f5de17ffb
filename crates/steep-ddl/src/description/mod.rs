//! What a table looks like, as far as replication depends on it.

mod column;
mod parts;

pub use self::column::{Column, Identity, Storage, Value};
pub use self::parts::{Constraint, ConstraintKind, PartitionOf, ReplicaIdentity, RowSecurity};

use crate::ObjectName;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

/// A table as its catalog describes it.
///
/// What is in it is what decides whether rows and statements of another node fit. What is not in it,
/// and why:
///
/// | left out | because |
/// |---|---|
/// | triggers, rules, functions | excluded from replication by default, so never the same |
/// | policies | name roles, which are each server's own; that row security is on is in it |
/// | owner, privileges, comments, security labels | no row depends on them |
/// | tablespace, access method, storage, compression, options, statistics | where and how rows lie |
/// | `NOT NULL` constraints of PostgreSQL 18 | nullability is in the columns, as in 16 and 17 |
/// | indexes that constraints made | the constraints are in it |
/// | invalid indexes | what a failed `CREATE INDEX CONCURRENTLY` left will be dropped |
/// | partitions and children | tables with descriptions of their own; they name their parents |
/// | attribute numbers, dropped columns | rows are matched by column names |
///
/// **Texts.** Types are as `format_type` writes them, definitions and expressions as
/// `pg_get_expr`, `pg_get_constraintdef` and `pg_get_indexdef` do, all with an empty `search_path`,
/// so that names have their schemas. PostgreSQL may print an expression differently in another
/// major; whoever fills the description turns such texts into one form first.
///
/// Fields are public and complete on purpose: a new one changes every fingerprint, so that whoever
/// fills a description should not compile without it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableDescription {
    /// Its name, always with a schema: in the fingerprint, since rows find their table by it.
    pub schema: String,
    /// Its name in the schema.
    pub name: String,
    /// Whether it is unlogged; such a table does not replicate.
    pub is_unlogged: bool,
    /// The columns in their order, which `INSERT` and `COPY` without a list of columns depend on.
    pub columns: Vec<Column>,
    /// The constraints by name, but for `NOT NULL`.
    pub constraints: BTreeMap<String, Constraint>,
    /// `pg_get_indexdef` of the valid indexes that no constraint made, by name.
    pub indexes: BTreeMap<String, String>,
    /// How rows are found that others update or delete.
    pub replica_identity: ReplicaIdentity,
    /// `pg_get_partkeydef`, if it is partitioned.
    pub partition_key: Option<String>,
    /// What it is a partition of, if it is one.
    pub partition_of: Option<PartitionOf>,
    /// The tables it inherits from, other than as a partition.
    pub inherits: BTreeSet<ObjectName<'static>>,
    /// Row security.
    pub row_security: RowSecurity,
}

impl TableDescription {
    /// A table without columns, to be filled.
    ///
    /// ```
    /// use steep_ddl::{Column, Fingerprint, TableDescription};
    ///
    /// let mut orders = TableDescription::empty("public", "orders");
    /// let before = Fingerprint::of(&orders);
    /// orders.columns.push(Column::new("id", "bigint").not_null());
    /// assert_ne!(Fingerprint::of(&orders), before);
    /// ```
    #[must_use]
    pub fn empty(schema: &str, name: &str) -> Self {
        Self {
            schema: schema.into(),
            name: name.into(),
            is_unlogged: false,
            columns: Vec::new(),
            constraints: BTreeMap::new(),
            indexes: BTreeMap::new(),
            replica_identity: ReplicaIdentity::Default,
            partition_key: None,
            partition_of: None,
            inherits: BTreeSet::new(),
            row_security: RowSecurity::default(),
        }
    }
}
