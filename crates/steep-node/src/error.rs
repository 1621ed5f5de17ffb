//! Why something that a node was to do was not done.

use steep_ipc::{Failure, FailureClass};
use steep_pg::{Class, PgError};

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NodeError {
    /// A server refused or was not there.
    #[error("{what}: {source}")]
    Postgres {
        /// What was being done, and where.
        what: String,
        /// What the server said.
        source: PgError,
    },
    /// Another node's daemon refused, or was not there.
    #[error("node {node}: {}", failure.message)]
    Peer {
        /// The node, or its address while its name is not known.
        node: String,
        /// What it said.
        failure: Failure,
    },
    /// State or settings speak against it.
    #[error("{message}")]
    Refused {
        /// Names the thing and the cause.
        message: String,
        /// The way out.
        hint: String,
    },
    /// The request makes no sense.
    #[error("{message}")]
    Misuse {
        /// Names the thing and the cause.
        message: String,
        /// The way out.
        hint: String,
    },
    /// A program of PostgreSQL failed or is not there.
    #[error("{program} failed: {reason}")]
    Program {
        /// Which.
        program: String,
        /// The end of what it said.
        reason: String,
        /// The way out.
        hint: String,
    },
    /// It took longer than it may.
    #[error("{what} did not happen within {seconds} s: {last}")]
    Deadline {
        /// What was waited for.
        what: String,
        /// How long.
        seconds: u64,
        /// What was seen last.
        last: String,
    },
    /// A member is busy with another node that joins: it is to be asked again.
    #[error("{reason}")]
    Busy {
        /// What has to end first.
        reason: String,
    },
    /// A node has its rows and is tied to the group, but not everything is told to everybody yet.
    #[error("not everything is finished yet: {source}")]
    Unfinished {
        /// What is in the way.
        source: Box<NodeError>,
    },
    /// Some nodes have it, and one could not be told.
    #[error("done so far: {done}; then {source}")]
    Partly {
        /// What is done, and stays.
        done: String,
        /// What was in the way.
        source: Box<NodeError>,
    },
    /// Somebody stopped it.
    #[error("the job was cancelled")]
    Cancelled,
    /// A file could not be written or read.
    #[error("{what}: {source}")]
    File {
        /// What was being done, and with which file.
        what: String,
        /// Why not.
        source: std::io::Error,
    },
}

impl NodeError {
    /// Who has to do something about it.
    #[must_use]
    pub fn class(&self) -> FailureClass {
        match self {
            Self::Postgres { source, .. } => match source.class() {
                Class::Transient => FailureClass::Transient,
                Class::Peer => FailureClass::Peer,
                Class::Operator => FailureClass::Operator,
                Class::Misuse => FailureClass::Misuse,
                _ => FailureClass::Bug,
            },
            Self::Peer { failure, .. } => failure.class,
            Self::Partly { source, .. } => source.class(),
            Self::Refused { .. } | Self::Program { .. } | Self::Cancelled | Self::File { .. } => {
                FailureClass::Operator
            }
            Self::Misuse { .. } => FailureClass::Misuse,
            Self::Busy { .. } | Self::Deadline { .. } | Self::Unfinished { .. } => {
                FailureClass::Transient
            }
        }
    }

    /// The error without anything that may be a row's data, if its text may have some.
    #[must_use]
    pub fn summary(&self) -> Option<String> {
        match self {
            Self::Postgres { what, source } => Some(format!("{what}: {}", source.summary()?)),
            Self::Peer { node, failure } => {
                Some(format!("node {node}: {}", failure.summary.as_deref()?))
            }
            // It builds indexes and constraints on rows, and says which one does not fit.
            Self::Program { program, .. } if program == "pg_restore" => {
                Some(format!("{program} failed"))
            }
            Self::Unfinished { source } => {
                Some(format!("not everything is finished yet: {}", source.summary()?))
            }
            Self::Partly { done, source } => {
                Some(format!("done so far: {done}; then {}", source.summary()?))
            }
            _ => None,
        }
    }

    /// What a log may have of it: the summary, or else all.
    #[must_use]
    pub fn for_log(&self) -> String {
        self.summary().unwrap_or_else(|| self.to_string())
    }

    /// The way out, if one is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Postgres { source, .. } => source.hint().map(str::to_owned),
            Self::Peer { failure, .. } => failure.hint.clone(),
            Self::Refused { hint, .. } | Self::Misuse { hint, .. } | Self::Program { hint, .. } => {
                Some(hint.clone())
            }
            Self::Partly { .. } => {
                Some("say it again: what is done already stays as it is".to_owned())
            }
            Self::Unfinished { .. } => Some(
                "the node's daemon goes on by itself: see steep-replctl status there".to_owned(),
            ),
            Self::Busy { .. } | Self::Deadline { .. } | Self::Cancelled | Self::File { .. } => None,
        }
    }
}

impl From<NodeError> for Failure {
    fn from(error: NodeError) -> Self {
        Self {
            class: error.class(),
            message: error.to_string(),
            hint: error.hint(),
            summary: error.summary(),
        }
    }
}

/// Says what was being done when a server refused.
pub(crate) trait While<T> {
    /// `what` was being done.
    fn while_doing(self, what: impl Into<String>) -> Result<T, NodeError>;
}

impl<T, E: Into<PgError>> While<T> for Result<T, E> {
    fn while_doing(self, what: impl Into<String>) -> Result<T, NodeError> {
        self.map_err(|error| NodeError::Postgres { what: what.into(), source: error.into() })
    }
}

pub(crate) fn refused<T>(
    message: impl Into<String>,
    hint: impl Into<String>,
) -> Result<T, NodeError> {
    Err(NodeError::Refused { message: message.into(), hint: hint.into() })
}
