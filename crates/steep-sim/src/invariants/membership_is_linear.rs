//! T6. The memberships that a quorum has written down are one line: none is taken back, none has
//! two successors, and each is one change from the one before.

use super::{Finding, Seen};
use steep_topology::{Change, Membership};

#[derive(Debug, Default)]
pub(crate) struct MembershipIsLinear {
    last: Option<Membership>,
}

impl MembershipIsLinear {
    pub(crate) fn see(&mut self, seen: &Seen<'_>) -> Finding {
        let Seen::Settled { membership } = seen else { return Ok(()) };
        if let Some(last) = &self.last
            && !is_successor(last, membership)
        {
            return Err(format!("{membership:?} was settled after {last:?}"));
        }
        self.last = Some((*membership).clone());
        Ok(())
    }
}

fn is_successor(last: &Membership, next: &Membership) -> bool {
    if next.id < last.id {
        return false;
    }
    let is_same = (&next.members, &next.change, &next.promoted)
        == (&last.members, &last.change, &last.promoted);
    match next.id.number.checked_sub(last.id.number) {
        // Another coordinator vouches for it.
        Some(0) => is_same,
        Some(1) => match (&last.change, &next.change) {
            (None, Some(_)) => next.members == last.members,
            (Some(change), None) => next.members == applied(last, change),
            // A priority or a promotion.
            (None, None) => next.members.keys().eq(last.members.keys()),
            (Some(_), Some(_)) => false,
        },
        // One of two has expelled the other, by itself, and whatever it had not settled goes with it.
        Some(2..) => {
            let is_shrinking = matches!(last.change, Some(Change::Remove(_)));
            let is_small = last.members.len() <= if is_shrinking { 3 } else { 2 };
            is_small && next.members.len() == 1 && next.members.keys().all(|node| last.holds(node))
        }
        _ => false,
    }
}

fn applied(
    last: &Membership,
    change: &Change,
) -> std::collections::BTreeMap<steep_types::NodeId, steep_types::Priority> {
    let mut members = last.members.clone();
    match change {
        Change::Add(node, priority) => members.insert(node.clone(), *priority),
        Change::Remove(node) => members.remove(node),
    };
    members
}
