use alloc::{collections::BTreeSet, vec::Vec};
use steep_types::{NodeId, Priority};

/// A node as the author of writes, reduced to its place in the order of all nodes.
///
/// A greater origin wins a tie. Two origins may be compared, and mean anything, only when they
/// came from the same [`Origins`]; the number is not to be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(u16);

impl Origin {
    /// Above every node, for bounds.
    pub(crate) const MAX: Self = Self(u16::MAX);
}

/// The nodes of a cluster in the order in which they win ties.
///
/// The order is priority first (higher wins), then node id by bytes (greater wins). It is worked
/// out once, when the node table is read, so that comparing two versions compares two integers.
///
/// It must hold every node whose writes are still in a table, nodes that have left among them.
/// Nodes that know different members still agree on the order of those they both know.
///
/// ```
/// use steep_conflict::Origins;
/// use steep_types::{NodeId, Priority};
///
/// let (a, b, c): (NodeId, NodeId, NodeId) = ("a".parse()?, "b".parse()?, "c".parse()?);
/// let nodes = Origins::new([
///     (a.clone(), Priority::new(90)),
///     (b.clone(), Priority::new(10)),
///     (c.clone(), Priority::new(10)),
/// ])?;
/// assert!(nodes.origin(&a) > nodes.origin(&c), "the higher priority wins");
/// assert!(nodes.origin(&c) > nodes.origin(&b), "then the greater node id");
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origins {
    /// Ascending: the last one wins against all others.
    nodes: Vec<(Priority, NodeId)>,
}

/// Why a list of nodes has no order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OriginsError {
    /// A node is listed twice.
    #[error("node {node} is listed twice")]
    Duplicate {
        /// The node.
        node: NodeId,
    },
    /// There are more nodes than [`Origins::MAX_NODES`].
    #[error("{nodes} nodes are listed, at most {} are allowed", Origins::MAX_NODES)]
    TooMany {
        /// How many there are.
        nodes: usize,
    },
}

impl Origins {
    /// Far beyond any cluster; the place of a node must fit in 16 bits.
    pub const MAX_NODES: usize = 10_000;

    /// Orders `nodes`, in whatever sequence they come.
    ///
    /// # Errors
    /// A node is listed twice, or there are too many.
    pub fn new(nodes: impl IntoIterator<Item = (NodeId, Priority)>) -> Result<Self, OriginsError> {
        let mut nodes: Vec<_> = nodes.into_iter().map(|(node, prio)| (prio, node)).collect();
        if nodes.len() > Self::MAX_NODES {
            return Err(OriginsError::TooMany { nodes: nodes.len() });
        }
        let mut seen = BTreeSet::new();
        if let Some((_, node)) = nodes.iter().find(|(_, node)| !seen.insert(node)) {
            return Err(OriginsError::Duplicate { node: node.clone() });
        }
        nodes.sort();
        Ok(Self { nodes })
    }

    /// The place of `node`, if it is known.
    #[must_use]
    pub fn origin(&self, node: &NodeId) -> Option<Origin> {
        let place = self.nodes.iter().position(|(_, known)| known == node)?;
        u16::try_from(place).ok().map(Origin)
    }

    /// The node at that place, for logs; `None` if `origin` came from other origins.
    #[must_use]
    pub fn node(&self, origin: Origin) -> Option<&NodeId> {
        self.nodes.get(usize::from(origin.0)).map(|(_, node)| node)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> NodeId {
        NodeId::new(text).unwrap()
    }

    #[test]
    fn order_does_not_depend_on_the_sequence_or_on_other_members() {
        let few = Origins::new([(id("b"), Priority::new(1)), (id("a"), Priority::new(1))]).unwrap();
        let many = ["z", "a", "0", "b"].map(|node| (id(node), Priority::new(1)));
        let many = Origins::new(many).unwrap();
        assert!(few.origin(&id("b")) > few.origin(&id("a")));
        assert!(many.origin(&id("b")) > many.origin(&id("a")));
    }

    #[test]
    fn names_come_back_and_strangers_have_none() {
        let nodes = Origins::new([(id("a"), Priority::default())]).unwrap();
        let a = nodes.origin(&id("a")).unwrap();
        assert_eq!(nodes.node(a), Some(&id("a")));
        assert_eq!(nodes.origin(&id("b")), None);
        assert_eq!(nodes.node(Origin::MAX), None);
    }

    #[test]
    fn a_node_listed_twice_is_refused_even_with_another_priority() {
        let twice = [(id("a"), Priority::new(1)), (id("a"), Priority::new(2))];
        assert_eq!(Origins::new(twice), Err(OriginsError::Duplicate { node: id("a") }));
    }
}
