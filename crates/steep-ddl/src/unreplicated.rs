use core::fmt;

/// Why a statement takes no effect on other nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Unreplicated {
    /// The configuration says so, or the default for this kind.
    Excluded,
    /// Roles, databases, tablespaces, settings: they belong to a server, not to a database.
    InstanceWide,
    /// Publications and subscriptions: what replicates, and from where, is each node's own.
    Replication,
    /// On which disk something lies.
    Placement,
    /// Its rows come from a query, which has another answer on each node.
    RunsQuery,
    /// What it concerns is found in the catalog, and may be something else on each node.
    FoundHere,
    /// It holds a password, which would be readable in the stream.
    Secret,
    /// Large objects are not replicated.
    LargeObject,
    /// It changes rows, which replicate as such.
    Rows,
    /// It ends with the session, or sooner.
    Session,
    /// Upkeep, which each node does by itself.
    Upkeep,
    /// What it runs is looked at statement by statement.
    Contents,
    /// The object is temporary.
    Temporary,
    /// Some of its objects are temporary, and others are not.
    PartlyTemporary,
}

impl Unreplicated {
    /// All reasons.
    pub const ALL: [Self; 14] = [
        Self::Excluded,
        Self::InstanceWide,
        Self::Replication,
        Self::Placement,
        Self::RunsQuery,
        Self::FoundHere,
        Self::Secret,
        Self::LargeObject,
        Self::Rows,
        Self::Session,
        Self::Upkeep,
        Self::Contents,
        Self::Temporary,
        Self::PartlyTemporary,
    ];

    /// A stable name for machines.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Excluded => "excluded",
            Self::InstanceWide => "instance_wide",
            Self::Replication => "replication",
            Self::Placement => "placement",
            Self::RunsQuery => "runs_query",
            Self::FoundHere => "found_here",
            Self::Secret => "secret",
            Self::LargeObject => "large_object",
            Self::Rows => "rows",
            Self::Session => "session",
            Self::Upkeep => "upkeep",
            Self::Contents => "contents",
            Self::Temporary => "temporary",
            Self::PartlyTemporary => "partly_temporary",
        }
    }

    /// The reason as a sentence, for the DETAIL of a WARNING.
    #[must_use]
    pub const fn detail(self) -> &'static str {
        match self {
            Self::Excluded => "Statements of this kind are excluded from replication.",
            Self::InstanceWide => {
                "It concerns the whole server, and each node is a server of its own."
            }
            Self::Replication => "Publications and subscriptions are each node's own.",
            Self::Placement => "Where data lies is each node's own.",
            Self::RunsQuery => "Its rows come from a query, which has another answer on each node.",
            Self::FoundHere => "What it concerns may be something else on each node.",
            Self::Secret => "It may hold a password, which others could read on the way.",
            Self::LargeObject => "Large objects are not replicated.",
            Self::Rows => "The rows it changes are replicated as such.",
            Self::Session => "It concerns this session only.",
            Self::Upkeep => "Each node does its upkeep by itself.",
            Self::Contents => "The statements in it are replicated one by one.",
            Self::Temporary => "Temporary objects exist in this session only.",
            Self::PartlyTemporary => "Some of its objects exist in this session only.",
        }
    }

    /// What to do instead, where there is something to do.
    #[must_use]
    pub const fn hint(self) -> Option<&'static str> {
        match self {
            Self::RunsQuery => {
                Some("Create the table with its columns, then insert the query's rows into it.")
            }
            Self::PartlyTemporary => {
                Some("Name temporary and other objects in statements of their own.")
            }
            Self::FoundHere => Some("Name the objects, or run the statement on each node."),
            Self::Excluded
            | Self::InstanceWide
            | Self::Placement
            | Self::Secret
            | Self::LargeObject => Some("Run the statement on each node that needs it."),
            Self::Replication
            | Self::Rows
            | Self::Session
            | Self::Upkeep
            | Self::Contents
            | Self::Temporary => None,
        }
    }
}

impl fmt::Display for Unreplicated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
