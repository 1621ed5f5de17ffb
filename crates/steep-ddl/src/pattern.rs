use crate::Kind;
use crate::nearest::nearest;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::{fmt, str::FromStr};

/// Which statements an entry of the configuration is about.
///
/// | text | matches |
/// |---|---|
/// | `ALTER TABLE ADD COLUMN` | the kind of this [name](Kind::name) |
/// | `ALTER TABLE` | every kind of this [tag](Kind::tag) |
/// | `ALTER TABLE ALTER COLUMN *`, `DROP *` | every kind whose name begins with these words |
/// | `*` | every kind |
///
/// Letters' case and the width of spaces do not matter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pattern {
    /// Without the star.
    words: String,
    is_open: bool,
}

/// A text is no [`Pattern`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatternError {
    /// Nothing in it.
    #[error("the name of a statement is empty")]
    Empty,
    /// No kind is called so.
    #[error("unknown statement {text:?}; the nearest known one is {nearest:?}")]
    Unknown {
        /// The text.
        text: String,
        /// A pattern that is known.
        nearest: String,
    },
}

impl Pattern {
    /// Whether it is about statements of this kind.
    #[must_use]
    pub fn matches(&self, kind: Kind) -> bool {
        if self.is_open {
            let rest = kind.name().strip_prefix(self.words.as_str());
            return rest.is_some_and(|rest| {
                self.words.is_empty() || rest.is_empty() || rest.starts_with(' ')
            });
        }
        self.names(kind) || kind.tag() == self.words
    }

    /// Whether it says the kind's own name, and not only that of a family of kinds.
    #[must_use]
    pub fn names(&self, kind: Kind) -> bool {
        !self.is_open && kind.name() == self.words
    }

    fn is_known(&self) -> bool {
        Kind::ALL.iter().any(|kind| self.matches(*kind))
    }

    /// Of two patterns that match a kind the more specific one decides: the one of more words, and
    /// of as many the one without a star. Different patterns that match one kind never have equal
    /// specificity.
    #[must_use]
    pub fn specificity(&self) -> (usize, bool) {
        (self.words.split_terminator(' ').count(), !self.is_open)
    }
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut words: Vec<_> = text.split_whitespace().map(str::to_ascii_uppercase).collect();
        let is_open = words.pop_if(|last| last == "*").is_some();
        if words.is_empty() && !is_open {
            return Err(PatternError::Empty);
        }
        let pattern = Self { words: words.join(" "), is_open };
        if pattern.is_known() {
            return Ok(pattern);
        }
        let as_prefix = Self { is_open: true, ..pattern };
        let nearest = if as_prefix.is_known() {
            as_prefix.to_string()
        } else {
            let names = Kind::ALL.iter().flat_map(|kind| [kind.name(), kind.tag()]);
            nearest(&as_prefix.words, names).unwrap_or_default().into()
        };
        Err(PatternError::Unknown { text: text.into(), nearest })
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)?;
        match (self.is_open, self.words.is_empty()) {
            (false, _) => Ok(()),
            (true, true) => f.write_str("*"),
            (true, false) => f.write_str(" *"),
        }
    }
}
