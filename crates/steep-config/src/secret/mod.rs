//! Secrets: where they are to be had, and how they are kept from sight.

mod command;
mod error;
mod file;
pub(crate) mod pgpass;
mod source;
mod words;

pub use error::SecretError;
pub use source::PasswordSource;

use serde::{Serialize, Serializer};
use std::fmt;

/// A text that is never shown: not in `Debug`, not in `Display`, not when it is serialized.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

const SHOWN: &str = "(secret)";

impl Secret {
    /// Hides a text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for whoever has to send it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(SHOWN)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(SHOWN)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(SHOWN)
    }
}
