use crate::Version;

/// What a change does to its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// A new row.
    Insert,
    /// New values for a row. An update that changes the primary key is two changes of one
    /// version: a delete of the old key and an insert of the new one.
    Update,
    /// The end of a row.
    Delete,
    /// The withdrawal of one version of a row, because another row won its unique value.
    ///
    /// It carries the version it withdraws, not one of its own, so two nodes that resolve the
    /// same contest publish the same retraction.
    Retract,
}

/// What is known about the order in which the local and the remote write were made.
///
/// Made by [`Detection::evidence`](crate::Detection::evidence).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Evidence {
    /// Nothing: they may have been made without knowing of each other.
    Unproved,
    /// The remote write was made after its node had applied the local one.
    RemoteSawLocal,
    /// The local row was written by a node that had applied the remote write: the remote change
    /// arrives late.
    LocalSawRemote,
    /// Neither had seen the other.
    Concurrent,
}

/// Whether the message carries the whole new row.
///
/// PostgreSQL sends no value for a TOASTed column that an update left alone, unless the table has
/// `REPLICA IDENTITY FULL`: then the old row has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Columns {
    /// Every column is in the message, in its new row or in its old one.
    All,
    /// Some columns must be taken from the local row, or from the row kept with the tombstone.
    FromLocal,
    /// Some columns are neither in the message nor on this node.
    Missing,
}

/// One incoming change of one row, as far as the decision needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Change {
    /// What it does.
    pub kind: ChangeKind,
    /// Its version; for a [`ChangeKind::Retract`] the version it withdraws.
    pub version: Version,
    /// How it stands to the local row.
    pub evidence: Evidence,
    /// Whether it carries the whole row.
    pub columns: Columns,
    /// The local row has the very same values as the new row (for a [`ChangeKind::Retract`], as the
    /// withdrawn one): whichever write stays, nothing is lost.
    pub identical: bool,
    /// Its transaction may have been applied here before: its position in the origin's stream is not
    /// beyond what was applied from there. PostgreSQL never delivers such a transaction by itself;
    /// a join that starts from a copy may.
    pub replayed: bool,
    /// It is a person's resolution of a pending conflict (published with its transaction).
    pub resolves: bool,
}

impl Change {
    /// A change with the whole row, of which nothing else is known yet.
    #[must_use]
    pub const fn new(kind: ChangeKind, version: Version) -> Self {
        Self {
            kind,
            version,
            evidence: Evidence::Unproved,
            columns: Columns::All,
            identical: false,
            replayed: false,
            resolves: false,
        }
    }

    /// The same change with what is known about its order.
    #[must_use]
    pub const fn with_evidence(self, evidence: Evidence) -> Self {
        Self { evidence, ..self }
    }

    /// The same change with what is known about its columns.
    #[must_use]
    pub const fn with_columns(self, columns: Columns) -> Self {
        Self { columns, ..self }
    }
}
