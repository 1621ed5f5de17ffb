use crate::Origin;
use std::fmt;

/// One mistake in the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where it stands.
    pub origin: Origin,
    /// Its key, with all keys above it: `replication.postgres.port`.
    pub key: String,
    /// What is wrong.
    pub mistake: Mistake,
}

/// What can be wrong with a key or its value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Mistake {
    /// There is no such key.
    #[error("unknown key; known here: {}", known.join(", "))]
    UnknownKey {
        /// A known key that looks like it.
        nearest: Option<String>,
        /// All that are known at this place.
        known: Vec<String>,
    },
    /// The value is not one that the key takes.
    #[error("{}expected {wanted}", found_text(found.as_deref()))]
    Value {
        /// What is there; none if it may be a secret.
        found: Option<String>,
        /// What is allowed.
        wanted: String,
    },
    /// The key must be given.
    #[error("missing; expected {wanted}")]
    Missing {
        /// What is allowed.
        wanted: String,
    },
    /// A secret stands in the configuration.
    #[error("a secret must not stand in the configuration")]
    PlaintextSecret,
    /// Values that are right alone but not together.
    #[error("{message}")]
    Rule {
        /// What does not go together.
        message: String,
        /// The way out.
        hint: Option<String>,
    },
}

fn found_text(found: Option<&str>) -> String {
    found.map(|found| format!("{found} is not allowed; ")).unwrap_or_default()
}

impl Problem {
    /// The way out, where it is not in the message.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match &self.mistake {
            Mistake::UnknownKey { nearest, .. } => {
                nearest.as_ref().map(|nearest| format!("did you mean \"{nearest}\"?"))
            }
            Mistake::PlaintextSecret => Some(
                "use password_env (name of a variable), password_command or password_file \
                 instead, or none of them and a password file as psql reads it"
                    .into(),
            ),
            Mistake::Rule { hint, .. } => hint.clone(),
            Mistake::Value { .. } | Mistake::Missing { .. } => None,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Origin::Default => write!(f, "{}: {}", self.key, self.mistake),
            origin => write!(f, "{origin}: {}: {}", self.key, self.mistake),
        }
    }
}
