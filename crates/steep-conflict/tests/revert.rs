//! What a revert writes, and what it refuses.
#![allow(clippy::unwrap_used, reason = "a test may stop where its own set-up is wrong")]

use steep_conflict::{
    ConflictType, Held, LogEntry, LoggedTuple, Origins, Resolution, RevertError, RevertPlan,
    RowState, Side, Version, plan_revert,
};
use steep_types::{CommitTs, NodeId, Priority};

fn at(ts: i64) -> Version {
    let node = NodeId::new("a").unwrap();
    let nodes = Origins::new([(node.clone(), Priority::default())]).unwrap();
    Version::new(CommitTs::from_micros(ts), nodes.origin(&node).unwrap())
}

fn live(ts: i64) -> RowState {
    RowState::Live(Held::Known(at(ts)))
}

fn entry(resolution: Resolution) -> LogEntry {
    LogEntry {
        kind: ConflictType::UpdateUpdate,
        resolution,
        local: LoggedTuple::Row,
        local_version: Some(at(1)),
        remote: LoggedTuple::Row,
        remote_version: at(2),
        resolved_version: None,
    }
}

#[test]
fn the_losing_row_is_written_back() {
    let plan = |entry, state| plan_revert(&entry, &state, false);
    let applied = entry(Resolution::AppliedRemote);
    assert_eq!(plan(applied, live(2)), Ok(RevertPlan::Update(Side::Local)));
    let kept = entry(Resolution::KeptLocal);
    assert_eq!(plan(kept, live(1)), Ok(RevertPlan::Update(Side::Remote)));
    let merged = LogEntry { resolved_version: Some(at(7)), ..entry(Resolution::Merged) };
    assert_eq!(plan(merged, live(7)), Ok(RevertPlan::Update(Side::Local)));
    let chosen = LogEntry { resolved_version: Some(at(7)), ..applied };
    assert_eq!(plan(chosen, live(7)), Ok(RevertPlan::Update(Side::Local)));
}

#[test]
fn deletes_are_undone_and_done_again() {
    let deleted_remotely =
        LogEntry { remote: LoggedTuple::Deleted, ..entry(Resolution::AppliedRemote) };
    let tombstone = RowState::Dead(Held::Known(at(2)));
    for state in [tombstone, RowState::Absent] {
        let plan = plan_revert(&deleted_remotely, &state, false);
        assert_eq!(plan, Ok(RevertPlan::Insert(Side::Local)), "{state:?}");
    }
    let delete_rejected = LogEntry { remote: LoggedTuple::Deleted, ..entry(Resolution::KeptLocal) };
    assert_eq!(plan_revert(&delete_rejected, &live(1), false), Ok(RevertPlan::Delete));
    let gone = plan_revert(&delete_rejected, &RowState::Absent, true);
    assert_eq!(gone, Err(RevertError::NothingToDo));
}

#[test]
fn a_row_that_lost_a_unique_value_is_inserted_again() {
    let lost = LogEntry { kind: ConflictType::UniqueKey, ..entry(Resolution::KeptLocal) };
    let tombstone = RowState::Retracted(Held::Known(at(2)));
    assert_eq!(plan_revert(&lost, &tombstone, false), Ok(RevertPlan::Insert(Side::Remote)));
    assert_eq!(plan_revert(&lost, &RowState::Absent, false), Ok(RevertPlan::Insert(Side::Remote)));
    assert!(plan_revert(&lost, &live(3), false).is_err(), "it was written again since");
}

#[test]
fn a_row_that_changed_since_is_left_alone_unless_forced() {
    let entry = entry(Resolution::AppliedRemote);
    for found in [live(3), RowState::Absent, RowState::Live(Held::Unknown), live(1)] {
        let expected = Some(at(2));
        let error = RevertError::RowChanged { expected, found };
        assert_eq!(plan_revert(&entry, &found, false), Err(error));
        assert!(plan_revert(&entry, &found, true).is_ok());
    }
}

#[test]
fn what_cannot_be_reverted_cannot_be_forced() {
    for force in [false, true] {
        let refused = |entry| plan_revert(&entry, &live(2), force).unwrap_err();
        assert_eq!(refused(entry(Resolution::Pending)), RevertError::Pending);
        assert_eq!(refused(entry(Resolution::Reverted)), RevertError::AlreadyReverted);
        let not_kept = LogEntry { local: LoggedTuple::NotKept, ..entry(Resolution::AppliedRemote) };
        assert_eq!(refused(not_kept), RevertError::TupleMissing(Side::Local));
    }
}
