use alloc::string::String;
use core::{fmt, str::FromStr};

/// The name of a node: `[A-Za-z0-9][A-Za-z0-9_.-]*`, 1 to 63 bytes.
///
/// 63 bytes is the longest identifier PostgreSQL keeps (`NAMEDATALEN - 1`). Node ids are ordered
/// by their bytes, never by a collation: the order must be the same on every node.
///
/// ```
/// use steep_types::{NodeId, NodeIdError};
///
/// let node: NodeId = "berlin-1".parse()?;
/// assert_eq!(node.as_str(), "berlin-1");
/// assert_eq!("".parse::<NodeId>(), Err(NodeIdError::Empty));
/// # Ok::<(), NodeIdError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(String);

/// Why a text is not a [`NodeId`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NodeIdError {
    /// The text is empty.
    #[error("node id is empty")]
    Empty,
    /// The text is longer than [`NodeId::MAX_BYTES`].
    #[error("node id is {bytes} bytes long, at most {} are allowed", NodeId::MAX_BYTES)]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// The text holds a character that is not allowed where it stands.
    #[error("node id {id:?} has {found:?} at byte {at}")]
    Character {
        /// The whole text.
        id: String,
        /// The character.
        found: char,
        /// Its byte offset.
        at: usize,
    },
}

impl NodeId {
    /// The longest allowed length in bytes.
    pub const MAX_BYTES: usize = 63;

    /// Checks `id` and copies it.
    ///
    /// # Errors
    /// [`NodeIdError`] says what is wrong with the text.
    pub fn new(id: &str) -> Result<Self, NodeIdError> {
        if id.is_empty() {
            return Err(NodeIdError::Empty);
        }
        if id.len() > Self::MAX_BYTES {
            return Err(NodeIdError::TooLong { bytes: id.len() });
        }
        for (at, found) in id.char_indices() {
            let inner = at > 0 && matches!(found, '_' | '.' | '-');
            if !inner && !found.is_ascii_alphanumeric() {
                return Err(NodeIdError::Character { id: id.into(), found, at });
            }
        }
        Ok(Self(id.into()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for NodeId {
    type Err = NodeIdError;

    fn from_str(id: &str) -> Result<Self, Self::Err> {
        Self::new(id)
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn names_are_checked_byte_by_byte() {
        for good in ["a", "9", "node_a", "eu-west.1", &"x".repeat(63)] {
            assert_eq!(NodeId::new(good).unwrap().to_string(), good);
        }
        for (bad, at) in [("-a", 0), ("_", 0), (".a", 0), ("a b", 1), ("ä", 0), ("a\n", 1)] {
            assert!(
                matches!(NodeId::new(bad), Err(NodeIdError::Character { at: found, .. }) if found == at),
                "{bad:?}"
            );
        }
        assert_eq!(NodeId::new(&"x".repeat(64)), Err(NodeIdError::TooLong { bytes: 64 }));
    }

    #[test]
    fn order_is_by_bytes_and_not_by_letters() {
        let id = |text| NodeId::new(text).unwrap();
        assert!(id("B") < id("a") && id("a") < id("a.b") && id("a-b") < id("a.b"));
    }
}
