//! The decision, case by case: what no history is needed to say.
#![allow(clippy::unwrap_used, reason = "a test may stop where its own set-up is wrong")]

use steep_conflict::{
    Action, Change, ChangeKind, Columns, Conflict, ConflictType, Contender, Contest, Detection,
    Evidence, Held, Origin, Origins, PgConflict, Policy, Reason, Resolution, RowState, Strategy,
    Version, contend, decide,
};
use steep_types::{CommitTs, NodeId, Priority};

fn origins() -> [Origin; 2] {
    let (a, b) = (NodeId::new("a").unwrap(), NodeId::new("b").unwrap());
    let nodes = [(a.clone(), Priority::new(1)), (b.clone(), Priority::new(2))];
    let nodes = Origins::new(nodes).unwrap();
    [nodes.origin(&a).unwrap(), nodes.origin(&b).unwrap()]
}

fn a(ts: i64) -> Version {
    Version::new(CommitTs::from_micros(ts), origins()[0])
}

fn b(ts: i64) -> Version {
    Version::new(CommitTs::from_micros(ts), origins()[1])
}

fn live(version: Version) -> RowState {
    RowState::Live(Held::Known(version))
}

fn dead(version: Version) -> RowState {
    RowState::Dead(Held::Known(version))
}

fn retracted(version: Version) -> RowState {
    RowState::Retracted(Held::Known(version))
}

fn lww() -> Policy {
    Policy::last_write_wins(CommitTs::from_micros(100))
}

fn using(strategy: Strategy) -> Policy {
    Policy::new(strategy, Detection::Exact, CommitTs::from_micros(100)).unwrap()
}

use Action::{Apply, Await, Bury, Defer, InsertRow, RemoveRow, ReplaceRow, Skip};
use ChangeKind::{Delete, Insert, Retract, Update};

#[test]
fn last_write_wins_over_every_state() {
    let newer = b(9);
    for (local, kind, newer_wins, older_loses) in [
        (live(a(5)), Insert, ReplaceRow, Skip),
        (live(a(5)), Update, Apply, Skip),
        (live(a(5)), Delete, Apply, Skip),
        (live(a(5)), Retract, RemoveRow, Skip),
        (dead(a(5)), Insert, Apply, Skip),
        (dead(a(5)), Update, InsertRow, Skip),
        (dead(a(5)), Delete, Bury, Skip),
        (dead(a(5)), Retract, Bury, Skip),
        (retracted(a(5)), Insert, Apply, Skip),
        (retracted(a(5)), Update, InsertRow, Skip),
        (retracted(a(5)), Delete, Bury, Skip),
        (RowState::Absent, Insert, Apply, Apply),
        (RowState::Absent, Update, InsertRow, InsertRow),
        (RowState::Absent, Delete, Bury, Bury),
        (RowState::Absent, Retract, Bury, Bury),
    ] {
        let act = |version| decide(&local, &Change::new(kind, version), &lww()).action;
        assert_eq!(act(newer), newer_wins, "newer {kind:?} over {local:?}");
        assert_eq!(act(b(3)), older_loses, "older {kind:?} over {local:?}");
    }
}

#[test]
fn conflicts_have_the_names_users_and_postgresql_know() {
    use ConflictType::{InsertDelete, InsertInsert, UpdateDelete, UpdateUpdate};
    use PgConflict::{DeleteOriginDiffers, InsertExists, UpdateMissing, UpdateOriginDiffers};
    for (local, kind, logged) in [
        (live(a(5)), Insert, Some((InsertInsert, Some(InsertExists)))),
        (live(a(5)), Update, Some((UpdateUpdate, Some(UpdateOriginDiffers)))),
        (live(a(5)), Delete, Some((UpdateDelete, Some(DeleteOriginDiffers)))),
        (dead(a(5)), Insert, Some((InsertDelete, None))),
        (dead(a(5)), Update, Some((UpdateDelete, Some(UpdateMissing)))),
        (dead(a(5)), Delete, None),
        (live(a(5)), Retract, None),
        (RowState::Absent, Update, None),
    ] {
        for (ts, resolution) in [(9, Resolution::AppliedRemote), (3, Resolution::KeptLocal)] {
            let conflict = decide(&local, &Change::new(kind, b(ts)), &lww()).conflict;
            let expected = logged.map(|(kind, pg)| Conflict { kind, pg, resolution, mixed: false });
            assert_eq!(conflict, expected, "{kind:?} over {local:?}");
        }
    }
    assert_eq!(UpdateDelete.to_string(), "UPDATE-DELETE");
    assert_eq!(UpdateMissing.to_string(), "update_missing");
    assert_eq!(Resolution::AppliedRemote.to_string(), "APPLIED_REMOTE");
}

#[test]
fn an_unknown_version_is_older_than_the_horizon_and_nothing_else_is_known() {
    let unknown = RowState::Live(Held::Unknown);
    let act = |change: &Change| decide(&unknown, change, &lww());
    assert_eq!(act(&Change::new(Update, b(100))).action, Apply);
    let before = act(&Change::new(Update, b(99)));
    assert_eq!((before.action, before.reason), (Defer, Reason::VersionUnknown));
    assert_eq!(before.conflict.unwrap().resolution, Resolution::Pending);

    let proven = Change::new(Update, b(99)).with_evidence(Evidence::RemoteSawLocal);
    assert_eq!(act(&proven).action, Apply, "a proof needs no version");
    let late = Change::new(Update, b(99)).with_evidence(Evidence::LocalSawRemote);
    assert_eq!(act(&late).action, Skip);
    assert_eq!(
        decide(&unknown, &Change::new(Update, b(200)), &using(Strategy::NodePriority)).action,
        Defer
    );
}

#[test]
fn a_retraction_below_the_horizon_goes_by_the_row_it_withdraws() {
    let unknown = RowState::Live(Held::Unknown);
    let mut change = Change::new(Retract, b(50));
    assert_eq!(decide(&unknown, &change, &lww()).action, Skip, "the row here is a newer one");
    change.identical = true;
    assert_eq!(decide(&unknown, &change, &lww()).action, RemoveRow);
}

#[test]
fn a_retraction_outranks_its_version_and_nothing_newer() {
    assert_eq!(decide(&live(a(5)), &Change::new(Retract, a(5)), &lww()).action, RemoveRow);
    assert_eq!(decide(&live(a(6)), &Change::new(Retract, a(5)), &lww()).action, Skip);
    assert_eq!(decide(&retracted(a(5)), &Change::new(Insert, a(5)), &lww()).action, Skip);
    assert_eq!(decide(&retracted(a(5)), &Change::new(Update, a(6)), &lww()).action, InsertRow);
    assert_eq!(decide(&retracted(a(5)), &Change::new(Retract, a(5)), &lww()).action, Skip);
    for strategy in Strategy::ALL {
        let decision = decide(&live(a(5)), &Change::new(Retract, a(5)), &using(strategy));
        assert_eq!(decision.action, RemoveRow, "{strategy}");
    }
}

#[test]
fn one_origins_stream_is_followed_and_a_clock_that_steps_back_is_told_from_a_replay() {
    let act = |change: Change| decide(&live(a(5)), &change, &using(Strategy::FirstWriteWins));
    assert_eq!(act(Change::new(Update, a(6))).action, Apply);
    assert_eq!(act(Change::new(Update, a(5))).action, Apply, "the same microsecond");
    assert_eq!(act(Change::new(Update, a(4))).reason, Reason::ClockSteppedBack);
    for ts in [4, 5] {
        let replay = Change { replayed: true, ..Change::new(Update, a(ts)) };
        assert_eq!((act(replay).action, act(replay).reason), (Skip, Reason::Replayed));
    }
    let overtaken = Change { replayed: true, ..Change::new(Update, b(4)) };
    assert_eq!(act(overtaken).conflict, None, "it was logged the first time");
}

#[test]
fn identical_rows_are_no_conflict_but_the_version_still_wins() {
    for (ts, action) in [(9, Apply), (3, Skip)] {
        let change = Change { identical: true, ..Change::new(Update, b(ts)) };
        for policy in [lww(), using(Strategy::Manual)] {
            let decision = decide(&live(a(5)), &change, &policy);
            assert_eq!((decision.action, decision.conflict), (action, None));
        }
    }
}

#[test]
fn a_proof_that_contradicts_the_versions_is_none() {
    let change = Change::new(Update, b(3)).with_evidence(Evidence::RemoteSawLocal);
    let decision = decide(&live(a(5)), &change, &lww());
    assert_eq!(decision.action, Skip);
    assert!(decision.conflict.is_some());
}

#[test]
fn columns_that_are_nowhere_are_waited_for_and_borrowed_ones_are_marked() {
    let missing = Change::new(Update, b(9)).with_columns(Columns::Missing);
    assert_eq!(decide(&RowState::Absent, &missing, &lww()).action, Await);
    assert_eq!(decide(&dead(a(5)), &missing, &lww()).action, Await);
    let borrowed = Change::new(Update, b(9)).with_columns(Columns::FromLocal);
    assert!(decide(&live(a(5)), &borrowed, &lww()).conflict.unwrap().mixed);
    assert!(
        !decide(&live(a(15)), &borrowed, &lww()).conflict.unwrap().mixed,
        "the local row stays"
    );
    let sequential = borrowed.with_evidence(Evidence::RemoteSawLocal);
    assert_eq!(decide(&live(a(5)), &sequential, &lww()).conflict, None);
}

#[test]
fn every_strategy_decides_between_concurrent_writes() {
    for (strategy, old_loses, new_comes) in [
        (Strategy::LastWriteWins, Skip, Apply),
        (Strategy::FirstWriteWins, Apply, Skip),
        (Strategy::NodePriority, Apply, Apply),
        (Strategy::KeepLocal, Skip, Skip),
        (Strategy::ApplyRemote, Apply, Apply),
        (Strategy::Manual, Defer, Defer),
    ] {
        let act = |ts| decide(&live(a(5)), &Change::new(Update, b(ts)), &using(strategy)).action;
        assert_eq!((act(3), act(9)), (old_loses, new_comes), "{strategy}");
    }
    let low = decide(&live(b(5)), &Change::new(Update, a(9)), &using(Strategy::NodePriority));
    assert_eq!(low.action, Skip, "the lower priority loses however late");
}

#[test]
fn the_own_transaction_goes_on_over_what_it_wrote() {
    for (local, kind, action) in [
        (RowState::Live(Held::Own), Update, Apply),
        (RowState::Dead(Held::Own), Insert, Apply),
        (RowState::Retracted(Held::Own), Update, InsertRow),
    ] {
        for strategy in Strategy::ALL {
            assert_eq!(decide(&local, &Change::new(kind, b(1)), &using(strategy)).action, action);
        }
    }
}

#[test]
fn contests_are_named_after_how_many_there_are() {
    let rival = |version| Contender::new(Held::Known(version));
    let named = |kind, rivals: &[Contender]| match contend(
        &Change::new(kind, b(9)),
        rivals.iter().copied(),
        &lww(),
    ) {
        Contest::Won(Some(conflict)) | Contest::Lost(conflict) | Contest::Deferred(conflict) => {
            (conflict.pg.unwrap(), conflict.resolution)
        }
        other => panic!("{other:?}"),
    };
    use Resolution::{AppliedRemote, KeptLocal, Pending};
    assert_eq!(named(Insert, &[rival(a(5))]), (PgConflict::InsertExists, AppliedRemote));
    assert_eq!(named(Update, &[rival(a(15))]), (PgConflict::UpdateExists, KeptLocal));
    let both = [rival(a(5)), rival(a(15))];
    assert_eq!(named(Insert, &both), (PgConflict::MultipleUniqueConflicts, KeptLocal));
    assert_eq!(
        named(Insert, &[Contender::new(Held::Unknown)]).1,
        Pending,
        "9 is below the horizon"
    );
    assert_eq!(contend(&Change::new(Insert, b(9)), [], &lww()), Contest::Clear);
    let handed_over = Contender { evidence: Evidence::RemoteSawLocal, ..rival(a(5)) };
    assert_eq!(contend(&Change::new(Insert, b(9)), [handed_over], &lww()), Contest::Won(None));
}

#[test]
fn a_row_of_unknown_version_is_retracted_up_to_the_horizon() {
    let incoming = Change::new(Insert, b(200));
    let version = Contender::new(Held::Unknown).retracted_version(&incoming, &lww());
    assert!(version > b(99) && version < a(100));
}
