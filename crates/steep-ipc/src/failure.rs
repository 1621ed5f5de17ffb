//! Failures, and what a program that met one ends with.

use alloc::string::String;
use core::fmt;

use crate::{Failure, FailureClass};

impl Failure {
    /// A failure that somebody of this class has to mend.
    #[must_use]
    pub fn new(class: FailureClass, message: impl Into<String>) -> Self {
        Self { class, message: message.into(), hint: None, summary: None }
    }

    /// It may work the next time.
    #[must_use]
    pub fn transient(message: impl Into<String>) -> Self {
        Self::new(FailureClass::Transient, message)
    }

    /// Another node, or the way to it, is in the way.
    #[must_use]
    pub fn peer(message: impl Into<String>) -> Self {
        Self::new(FailureClass::Peer, message)
    }

    /// State, settings or permission refuse it.
    #[must_use]
    pub fn operator(message: impl Into<String>) -> Self {
        Self::new(FailureClass::Operator, message)
    }

    /// The request makes no sense.
    #[must_use]
    pub fn misuse(message: impl Into<String>) -> Self {
        Self::new(FailureClass::Misuse, message)
    }

    /// Something that cannot happen did.
    #[must_use]
    pub fn bug(message: impl Into<String>) -> Self {
        Self::new(FailureClass::Bug, message)
    }

    /// The same, with the way out.
    #[must_use]
    pub fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// What a log that many can read may have of it: no row's data.
    #[must_use]
    pub fn for_log(&self) -> &str {
        self.summary.as_deref().unwrap_or(&self.message)
    }
}

impl fmt::Display for Failure {
    /// The message alone: hints are shown apart from errors.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl core::error::Error for Failure {}

/// What a program of steep-repl ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// It is done.
    Done,
    /// The answer is no: unhealthy, nothing found, nothing to do.
    No,
    /// It was not called as it can be.
    Usage,
    /// The daemon, the server or a peer cannot be reached; try again.
    Unreachable,
    /// State, settings or permission refuse it.
    Refused,
    /// The developers would like to know.
    Bug,
}

impl Exit {
    /// The number that the operating system is told (70 is `EX_SOFTWARE` of sysexits.h).
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::No => 1,
            Self::Usage => 2,
            Self::Unreachable => 3,
            Self::Refused => 4,
            Self::Bug => 70,
        }
    }
}

impl From<FailureClass> for Exit {
    fn from(class: FailureClass) -> Self {
        match class {
            FailureClass::Misuse => Self::Usage,
            FailureClass::Transient | FailureClass::Peer => Self::Unreachable,
            FailureClass::Operator => Self::Refused,
            FailureClass::Bug => Self::Bug,
        }
    }
}
