//! The JSON inside frames.

use alloc::format;
use alloc::string::{String, ToString as _};

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use crate::{Failure, FailureClass, Reply, Request};

/// How many characters of an error's text are kept: it may quote what was sent.
pub const MAX_CITED: usize = 300;

/// Why the body of a frame is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It is no JSON at all, or only the beginning of some.
    #[error("{what} is no JSON: {detail}")]
    Json {
        /// What was expected: `request`, `reply`, `greeting`.
        what: &'static str,
        /// Where it went wrong.
        detail: String,
    },
    /// It is JSON, but not of this version of the protocol.
    #[error("{what} is not understood: {detail}")]
    Shape {
        /// What was expected: `request`, `reply`, `greeting`.
        what: &'static str,
        /// What does not fit.
        detail: String,
    },
}

impl BodyError {
    /// Who has to do something: whoever wrote the program at the other end.
    #[must_use]
    pub fn class(&self) -> FailureClass {
        match self {
            Self::Json { .. } | Self::Shape { .. } => FailureClass::Misuse,
        }
    }

    /// What helps, if anything does.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Json { .. } => None,
            Self::Shape { .. } => Some("use a client and a daemon of the same release"),
        }
    }
}

impl From<&BodyError> for Failure {
    fn from(error: &BodyError) -> Self {
        let failure = Self::new(error.class(), error.to_string());
        match error.hint() {
            Some(hint) => failure.with_hint(hint),
            None => failure,
        }
    }
}

impl Request {
    /// Reads a request, as a daemon.
    ///
    /// # Errors
    /// When it is none of this version.
    pub fn from_json(body: &[u8]) -> Result<Self, BodyError> {
        let request: Self = read(body, "request")?;
        if request.is_bare() {
            // serde passes over the fields of a variant that has none.
            read::<Bare>(body, "request")?;
        }
        Ok(request)
    }

    /// Whether the name says everything.
    fn is_bare(&self) -> bool {
        match self {
            Self::Status
            | Self::Health
            | Self::NodeList
            | Self::Pause
            | Self::Resume
            | Self::Job
            | Self::JobCancel
            | Self::TableList
            | Self::SubStatus
            | Self::SlotStatus
            | Self::RangeStatus
            | Self::Subscribe => true,
            Self::Init(_)
            | Self::NodeAdd(_)
            | Self::NodeRemove(_)
            | Self::TableAdd(_)
            | Self::TableRemove { .. }
            | Self::ConflictList(_)
            | Self::ConflictShow { .. }
            | Self::ConflictResolve(_)
            | Self::ConflictResolveBulk(_)
            | Self::ConflictRevert { .. }
            | Self::SubEnable { .. }
            | Self::SubDisable { .. }
            | Self::RangeHistory(_)
            | Self::RangeAllocate(_)
            | Self::RangeExpand { .. }
            | Self::RangeRelease { .. }
            | Self::RangeBypass(_) => false,
        }
    }
}

/// A request that is a name and nothing else.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bare {
    #[serde(rename = "request")]
    _name: IgnoredAny,
}

impl Reply {
    /// Reads a reply, as a client.
    ///
    /// # Errors
    /// When it is none of this version.
    pub fn from_json(body: &[u8]) -> Result<Self, BodyError> {
        read(body, "reply")
    }
}

pub(crate) fn read<T: DeserializeOwned>(body: &[u8], what: &'static str) -> Result<T, BodyError> {
    serde_json::from_slice(body).map_err(|error| {
        let detail = cited(&error.to_string());
        if error.is_data() {
            BodyError::Shape { what, detail }
        } else {
            BodyError::Json { what, detail }
        }
    })
}

/// The beginning of a text that may be as long as a frame.
fn cited(text: &str) -> String {
    match text.char_indices().nth(MAX_CITED) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_string(),
    }
}
