//! The ends of key types, and of a table's ids.
#![allow(clippy::unwrap_used, reason = "a test may stop where its own set-up is wrong")]

use core::time::Duration;
use steep_ranges::{
    Alert, Allocator, FoundError, Grant, GrantError, IdRange, KeyType, Rate, Row, Space, State,
    Urgency,
};
use steep_types::NodeId;

fn id(at: usize) -> NodeId {
    NodeId::new(&format!("n{at}")).unwrap()
}

fn group_of(space: Space, size: usize) -> Vec<Allocator> {
    let ids: Vec<_> = (0..size).map(id).collect();
    let state = State::found(space, &ids).unwrap();
    ids.into_iter().map(|id| Allocator::open(id, state.clone())).collect()
}

/// Asks for ranges, always the right node, until that refuses.
fn fill(nodes: &mut [Allocator], size: u64, urgency: Urgency) -> (Vec<Grant>, Option<GrantError>) {
    let ids: Vec<_> = (0..nodes.len()).map(id).collect();
    let mut grants = Vec::new();
    loop {
        let holder = grants.len() % nodes.len();
        let request = nodes[holder].request(size);
        let Some(granter) = nodes[holder].state().granter(&ids) else { return (grants, None) };
        let at = ids.iter().position(|id| id == granter).unwrap();
        match nodes[at].grant(&request, urgency) {
            Ok(grant) => {
                for node in nodes.iter_mut() {
                    node.merge_row(&Row::Grant(grant.clone())).unwrap();
                }
                grants.push(grant);
            }
            Err(refusal) => return (grants, Some(refusal)),
        }
    }
}

#[test]
fn a_smallint_is_refused_long_before_its_end() {
    let mut nodes = group_of(KeyType::Smallint.space(), 3);
    let (grants, refusal) = fill(&mut nodes, 100, Urgency::Routine);
    assert_eq!(grants.last().unwrap().range.end(), 31_744);
    let refusal = refusal.unwrap();
    assert_eq!(refusal, GrantError::Margin { routine_end: 31_744, left: 1_023 });
    assert_eq!(
        refusal.to_string(),
        "only ids above 31744 are left, which are kept back; 1023 are left in the table"
    );
}

#[test]
fn a_person_can_have_a_smallint_to_its_last_id() {
    let mut nodes = group_of(KeyType::Smallint.space(), 3);
    let (grants, refusal) = fill(&mut nodes, 100, Urgency::Forced);
    assert_eq!(refusal, None, "nobody owns a free id");
    assert_eq!(grants.last().unwrap().range.end(), i64::from(i16::MAX));
    let request = nodes[1].request(1);
    let refused = nodes[0].grant(&request, Urgency::Forced).unwrap_err();
    assert_eq!(refused, GrantError::NoneLeft { granter: id(0), left: 0 });
}

#[test]
fn nodes_in_contact_use_ids_without_a_gap() {
    let mut nodes = group_of(KeyType::Smallint.space(), 3);
    let (grants, _) = fill(&mut nodes, 100, Urgency::Forced);
    let mut next = 1;
    for grant in grants {
        assert_eq!(grant.range.start(), next);
        next = grant.range.end() + 1;
    }
}

#[test]
fn a_node_without_contact_has_its_share_of_an_integer() {
    let mut nodes = group_of(KeyType::Integer.space(), 2);
    let granted: u64 = core::iter::from_fn(|| {
        let request = nodes[1].request(u64::MAX);
        nodes[1].grant(&request, Urgency::Forced).ok().map(|grant| grant.range.len())
    })
    .take(20_000)
    .sum();
    assert_eq!(granted, (1 << 30) - 1, "half of 2,147,483,647, whose last block is one short");
    assert_eq!(nodes[1].state().left(), 1 << 30, "the other half is the other's");
}

#[test]
fn the_last_bigint_but_one_is_granted_and_the_last_is_not() {
    let near = IdRange::new(i64::MAX - 20, i64::MAX - 1).unwrap();
    let mut nodes = group_of(Space::new(near, 6).unwrap(), 2);
    let (grants, _) = fill(&mut nodes, 100, Urgency::Forced);
    assert_eq!(grants.last().unwrap().range.end(), i64::MAX - 1);
    assert_eq!(grants.iter().map(|grant| grant.range.len()).sum::<u64>(), 20);
}

#[test]
fn negative_ids_are_ids() {
    let ids = IdRange::new(i64::MIN, i64::MIN + 9).unwrap();
    let mut nodes = group_of(Space::new(ids, 3).unwrap(), 2);
    nodes[0].occupy(IdRange::new(i64::MIN, i64::MIN + 1).unwrap());
    let request = nodes[0].request(2);
    let grant = nodes[0].grant(&request, Urgency::Routine).unwrap();
    assert_eq!(grant.range, IdRange::new(i64::MIN + 2, i64::MIN + 2).unwrap());
}

#[test]
fn nobody_asks_for_nothing() {
    let mut nodes = group_of(KeyType::Bigint.space(), 1);
    let request = nodes[0].request(0);
    let refused = nodes[0].grant(&request, Urgency::Routine).unwrap_err();
    assert_eq!(refused, GrantError::Empty { holder: id(0) });
}

#[test]
fn too_many_nodes_for_a_space_are_refused() {
    let space = Space::new(IdRange::new(1, 9).unwrap(), 4).unwrap();
    let ids: Vec<_> = (0..4).map(id).collect();
    let refused = State::found(space, &ids).unwrap_err();
    assert_eq!(refused, FoundError::TooManyOwners { owners: 4, blocks: 3 });
    assert_eq!(State::found(space, []).unwrap_err(), FoundError::NoOwner);
}

#[test]
fn how_long_ids_last_is_told_in_time() {
    let mut nodes = group_of(KeyType::Integer.space(), 2);
    let day = Duration::from_secs(86_400);
    let rate = Rate::of(10_000_000, day);
    let outlook = nodes[0].state().outlook(rate);
    assert_eq!(outlook.lasts.unwrap().as_secs() / 86_400, 214);
    assert_eq!(outlook.alert(), Alert::None);
    for (used, alert) in [
        (1_300_000_000, Alert::Warning),  // 84 days
        (1_750_000_000, Alert::Warning),  // 39 days, 81 %
        (2_010_000_000, Alert::Critical), // 13 days
        (2_147_483_647, Alert::Exhausted),
    ] {
        nodes[0].occupy(IdRange::new(1, used).unwrap());
        assert_eq!(nodes[0].state().outlook(rate).alert(), alert, "{used} used");
    }
    let idle = group_of(KeyType::Integer.space(), 1).remove(0);
    let outlook = idle.state().outlook(Rate::NONE);
    assert_eq!((outlook.lasts, outlook.alert()), (None, Alert::None));
}
