use crate::MembershipId;
use alloc::{collections::BTreeMap, vec::Vec};
use core::cmp::Reverse;
use steep_types::{Instant, NodeId, Priority, Term};

/// Who belongs to the group.
///
/// While a change is under way, a quorum is a majority of the members before it **and** a majority
/// of those after it (joint consensus, section 4.3 of the Raft thesis). So any quorum of one
/// membership and any quorum of the next have a node in common, also between two and three nodes.
///
/// Memberships are not entries of a log: the one with the highest id replaces the others, as in
/// Schultz, Dardik, Tripakis: *Formal Verification of a Distributed Dynamic Reconfiguration
/// Protocol* (CPP 2022).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Membership {
    /// Which one it is.
    pub id: MembershipId,
    /// The members, without the change.
    pub members: BTreeMap<NodeId, Priority>,
    /// What is being changed; both majorities are needed meanwhile.
    pub change: Option<Change>,
    /// Whom a person has promoted: it goes before all priorities.
    pub promoted: Option<NodeId>,
}

/// One node more, or one less.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The node becomes a member.
    Add(NodeId, Priority),
    /// The member becomes a stranger.
    Remove(NodeId),
}

/// Who goes first; higher is better.
pub(crate) type Rank<'a> = (bool, Priority, Reverse<&'a NodeId>);

const fn majority(of: usize) -> usize {
    of / 2 + 1
}

impl Membership {
    /// The first membership. All founders must be given the same one.
    #[must_use]
    pub fn found(members: impl IntoIterator<Item = (NodeId, Priority)>) -> Self {
        Self {
            id: MembershipId { term: Term::ZERO, number: 1 },
            members: members.into_iter().collect(),
            change: None,
            promoted: None,
        }
    }

    /// The members before the change, and after it.
    fn sides(&self) -> [Vec<&NodeId>; 2] {
        let before = self.members.keys().collect();
        let after = match &self.change {
            None => return [before, Vec::new()],
            Some(Change::Add(node, _)) => self.members.keys().chain([node]).collect(),
            Some(Change::Remove(node)) => self.members.keys().filter(|one| *one != node).collect(),
        };
        [before, after]
    }

    /// Everybody who counts, before or after the change.
    pub fn everybody(&self) -> impl Iterator<Item = &NodeId> {
        let added = match &self.change {
            Some(Change::Add(node, _)) => Some(node),
            _ => None,
        };
        self.members.keys().chain(added)
    }

    /// Whether `node` counts, before or after the change.
    #[must_use]
    pub fn holds(&self, node: &NodeId) -> bool {
        let is_added = |change: &Change| matches!(change, Change::Add(added, _) if added == node);
        self.members.contains_key(node) || self.change.as_ref().is_some_and(is_added)
    }

    /// Whether the change, if there is one, is possible: what a peer sends need not be.
    pub(crate) fn is_sound(&self) -> bool {
        match &self.change {
            None => true,
            Some(Change::Add(node, _)) => !self.members.contains_key(node),
            Some(Change::Remove(node)) => self.members.contains_key(node),
        }
    }

    /// Whether `node` is a member before the change, and after it.
    #[must_use]
    pub fn keeps(&self, node: &NodeId) -> bool {
        self.members.contains_key(node)
            && !matches!(&self.change, Some(Change::Remove(removed)) if removed == node)
    }

    /// Whether those for whom `agrees` is true are a quorum: floor(N/2) + 1, on both sides of a change.
    #[must_use]
    pub fn is_quorum(&self, agrees: impl Fn(&NodeId) -> bool) -> bool {
        let before = self.members.keys().filter(|node| agrees(node)).count();
        let is_majority = |agreeing: usize, of: usize| agreeing >= majority(of);
        let is_agreed = match &self.change {
            None => true,
            Some(Change::Add(node, _)) => {
                is_majority(before + usize::from(agrees(node)), self.members.len() + 1)
            }
            Some(Change::Remove(node)) => {
                is_majority(before - usize::from(agrees(node)), self.members.len() - 1)
            }
        };
        is_agreed && is_majority(before, self.members.len())
    }

    /// Until when the promises of a quorum last, if each lasts until `until` says.
    pub(crate) fn quorum_until(
        &self,
        until: impl Fn(&NodeId) -> Option<Instant>,
    ) -> Option<Instant> {
        let of_side = |side: &Vec<&NodeId>| {
            let mut ends: Vec<_> = side.iter().filter_map(|node| until(node)).collect();
            ends.sort_unstable_by_key(|end| Reverse(*end));
            ends.get(majority(side.len()) - 1).copied()
        };
        let [before, after] = self.sides();
        let first = of_side(&before)?;
        if self.change.is_none() { Some(first) } else { Some(first.min(of_side(&after)?)) }
    }

    /// The other one of two, if the group has two members and is not changing.
    #[must_use]
    pub fn other_of_two(&self, node: &NodeId) -> Option<&NodeId> {
        let is_pair = self.members.len() == 2 && self.change.is_none();
        if !is_pair || !self.members.contains_key(node) {
            return None;
        }
        self.members.keys().find(|one| *one != node)
    }

    /// Whether these two are all there is before the change, or all there is after it: then one of
    /// them is in every quorum that the other one is not in.
    pub(crate) fn hangs_on(&self, one: &NodeId, other: &NodeId) -> bool {
        let is_both =
            |side: &Vec<&NodeId>| side.len() == 2 && side.contains(&one) && side.contains(&other);
        let [before, after] = self.sides();
        is_both(&before) || is_both(&after)
    }

    /// Who goes first. Equal priorities are decided by name, the smaller one first.
    pub(crate) fn rank<'a>(&self, node: &'a NodeId) -> Rank<'a> {
        let priority = match (self.members.get(node), &self.change) {
            (Some(priority), _) => *priority,
            (None, Some(Change::Add(added, priority))) if added == node => *priority,
            _ => Priority::new(i32::MIN),
        };
        (self.promoted.as_ref() == Some(node), priority, Reverse(node))
    }

    /// The next membership in `term`: with `change` begun.
    pub(crate) fn changing(&self, term: Term, change: Change) -> Self {
        Self { change: Some(change), ..self.next(term) }
    }

    /// The next membership in `term`: the change is done.
    pub(crate) fn changed(&self, term: Term) -> Self {
        let mut next = self.next(term);
        match next.change.take() {
            Some(Change::Add(node, priority)) => {
                next.members.insert(node, priority);
            }
            Some(Change::Remove(node)) => {
                next.members.remove(&node);
                next.promoted.take_if(|promoted| *promoted == node);
            }
            None => {}
        }
        next
    }

    /// The same members, one number further.
    pub(crate) fn next(&self, term: Term) -> Self {
        Self { id: MembershipId { term, number: self.id.number + 1 }, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    fn node(at: usize) -> NodeId {
        NodeId::new(&format!("n{at}")).unwrap()
    }

    fn group(size: usize) -> Membership {
        Membership::found((0..size).map(|at| (node(at), Priority::default())))
    }

    /// Every set of nodes out of `size`, as bits.
    fn quorums(membership: &Membership, size: usize) -> Vec<u32> {
        let is_quorum = |set: &u32| {
            membership.is_quorum(|one| (0..size).any(|at| set >> at & 1 == 1 && node(at) == *one))
        };
        (0..1 << size).filter(is_quorum).collect()
    }

    #[test]
    fn a_quorum_is_half_the_group_and_one_more() {
        for (size, least) in [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3), (6, 4), (7, 4)] {
            let smallest = quorums(&group(size), size).iter().map(|set| set.count_ones()).min();
            assert_eq!(smallest, Some(least), "{size}");
        }
        assert!(!Membership::default().is_quorum(|_| true));
    }

    #[test]
    fn quorums_of_one_membership_and_the_next_overlap() {
        for size in 1..=5 {
            let before = group(size);
            let add = Change::Add(node(size), Priority::default());
            for change in [add, Change::Remove(node(0))] {
                let during = before.changing(Term::new(1), change);
                let after = during.changed(Term::new(1));
                if after.members.is_empty() {
                    continue;
                }
                for (one, next) in [(&before, &during), (&during, &after), (&during, &during)] {
                    for left in quorums(one, size + 1) {
                        for right in quorums(next, size + 1) {
                            assert_ne!(left & right, 0, "{one:?} {next:?}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn two_members_grow_only_with_both() {
        let growing = group(2).changing(Term::new(1), Change::Add(node(2), Priority::default()));
        assert!(!growing.is_quorum(|one| *one != node(1)));
        assert!(growing.is_quorum(|one| *one != node(2)));
        assert_eq!(growing.other_of_two(&node(0)), None);
        assert_eq!(group(2).other_of_two(&node(0)), Some(&node(1)));
    }

    #[test]
    fn a_lease_lasts_as_long_as_the_promise_that_completes_a_quorum() {
        let ends = |one: &NodeId| {
            [3, 9, 5]
                .into_iter()
                .enumerate()
                .find(|(at, _)| node(*at) == *one)
                .map(|(_, end)| Instant::from_micros(end))
        };
        assert_eq!(group(3).quorum_until(ends), Some(Instant::from_micros(5)));
        assert_eq!(group(5).quorum_until(ends), Some(Instant::from_micros(3)));
        assert_eq!(group(6).quorum_until(ends), None);
        let shrinking = group(3).changing(Term::new(1), Change::Remove(node(1)));
        assert_eq!(shrinking.quorum_until(ends), Some(Instant::from_micros(3)));
    }

    #[test]
    fn the_promoted_go_first_then_priority_then_names() {
        let mut group = group(3);
        assert!(group.rank(&node(0)) > group.rank(&node(1)));
        group.members.insert(node(2), Priority::new(90));
        assert!(group.rank(&node(2)) > group.rank(&node(0)));
        group.promoted = Some(node(1));
        assert!(group.rank(&node(1)) > group.rank(&node(2)));
    }
}
