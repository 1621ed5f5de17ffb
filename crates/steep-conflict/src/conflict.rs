use core::fmt;

/// What collided, in the words of `conflict_log.conflict_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConflictType {
    /// The same key was inserted on two nodes.
    InsertInsert,
    /// The same row was updated on two nodes.
    UpdateUpdate,
    /// The row was updated on one node and deleted on the other, in either direction.
    UpdateDelete,
    /// The key was inserted on one node and deleted on the other.
    InsertDelete,
    /// Rows with different primary keys hold the same value of a unique key.
    UniqueKey,
}

impl fmt::Display for ConflictType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::InsertInsert => "INSERT-INSERT",
            Self::UpdateUpdate => "UPDATE-UPDATE",
            Self::UpdateDelete => "UPDATE-DELETE",
            Self::InsertDelete => "INSERT-DELETE",
            Self::UniqueKey => "UNIQUE-KEY",
        })
    }
}

/// PostgreSQL 18's own name for the conflict, as in its log and `pg_stat_subscription_stats`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PgConflict {
    /// An insert meets a row with the same unique key.
    InsertExists,
    /// An update meets a row last written by another origin.
    UpdateOriginDiffers,
    /// An update's new values meet a row with the same unique key.
    UpdateExists,
    /// An update finds no row.
    UpdateMissing,
    /// A delete meets a row last written by another origin.
    DeleteOriginDiffers,
    /// A delete finds no row.
    DeleteMissing,
    /// The new row meets several rows through several unique keys.
    MultipleUniqueConflicts,
}

impl fmt::Display for PgConflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::InsertExists => "insert_exists",
            Self::UpdateOriginDiffers => "update_origin_differs",
            Self::UpdateExists => "update_exists",
            Self::UpdateMissing => "update_missing",
            Self::DeleteOriginDiffers => "delete_origin_differs",
            Self::DeleteMissing => "delete_missing",
            Self::MultipleUniqueConflicts => "multiple_unique_conflicts",
        })
    }
}

/// What became of a conflict, in the words of `conflict_log.resolution`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resolution {
    /// Nobody has decided yet; the local row stands for now.
    Pending,
    /// The remote write took the place of the local row.
    AppliedRemote,
    /// The local row stayed.
    KeptLocal,
    /// A person wrote a third row.
    Merged,
    /// A person took the resolution back.
    Reverted,
}

impl fmt::Display for Resolution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pending => "PENDING",
            Self::AppliedRemote => "APPLIED_REMOTE",
            Self::KeptLocal => "KEPT_LOCAL",
            Self::Merged => "MERGED",
            Self::Reverted => "REVERTED",
        })
    }
}

/// A conflict that is to be logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Conflict {
    /// What collided.
    pub kind: ConflictType,
    /// PostgreSQL's name for it; `None` where PostgreSQL sees none (an insert over a tombstone).
    pub pg: Option<PgConflict>,
    /// What became of it.
    pub resolution: Resolution,
    /// The row that results has columns of both writes, because the message left TOASTed columns
    /// out. Other nodes may have mixed differently: the row needs validation.
    pub mixed: bool,
}
