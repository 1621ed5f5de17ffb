//! Conflicts, as a local client deals with them.

use steep_ipc::{ConflictFilter, ConflictResolve, ConflictResolveBulk, Request, Response};
use steep_testkit::Major;

use super::pair::Pair;
use super::support::{Daemon, Outcome};

fn all() -> ConflictFilter {
    ConflictFilter { limit: 10, ..ConflictFilter::default() }
}

fn ids(daemon: &Daemon, filter: ConflictFilter) -> Result<Vec<i64>, Box<dyn std::error::Error>> {
    match daemon.ask(&Request::ConflictList(filter))? {
        Response::Conflicts(found) => Ok(found.into_iter().map(|one| one.id).collect()),
        other => Err(format!("{other:?} is no list").into()),
    }
}

#[test]
fn a_conflict_is_shown_decided_and_reverted() -> Outcome {
    let pair = Pair::start(Major::V18)?;
    pair.fight(1)?;
    let found = ids(&pair.a, all())?;
    assert_eq!(found.len(), 1);
    let id = found[0];
    let Response::Conflict(shown) = pair.a.ask(&Request::ConflictShow { id })? else {
        return Err("no conflict".into());
    };
    assert_eq!(
        (shown.entry.table.as_str(), shown.entry.resolution.as_str()),
        ("public.t", "PENDING")
    );
    assert!(shown.row.contains("of b"), "{}", shown.row);

    let resolve = |dry_run| {
        Request::ConflictResolve(ConflictResolve {
            id,
            choice: "remote".into(),
            merged: None,
            reason: Some("b is right".into()),
            force: false,
            dry_run,
        })
    };
    let Response::Resolved { count: 1, dry_run: true, steps } = pair.a.ask(&resolve(true))? else {
        return Err("no preview".into());
    };
    assert!(steps.iter().any(|step| step.contains("of b")), "{steps:?}");
    assert_eq!(pair.a.status()?.pending_conflicts, 1);
    pair.a.ask(&resolve(false))?;
    assert_eq!(pair.a.status()?.pending_conflicts, 0);
    pair.holds("b", "select v = 'of b' from t")?;
    let again = pair.a.ask(&resolve(false)).unwrap_err();
    assert!(
        again.to_string().contains("not pending") || again.to_string().contains("resolved"),
        "{again}"
    );

    let revert = |dry_run| Request::ConflictRevert { id, reason: None, dry_run };
    pair.a.ask(&revert(true))?;
    pair.a.ask(&revert(false))?;
    pair.holds("b", "select v = 'of a' from t")?;
    // Who decided, and who took it back.
    let told = "select count(*) = 2 from steep_repl.audit_log \
                where action = 'conflict.command' and coalesce(new_value ->> 'os_user', '') <> ''";
    pair.holds("a", told)?;
    pair.mesh.node("a").expect_log("conflict");
    pair.finish();
    Ok(())
}

#[test]
fn many_conflicts_are_decided_at_once_and_nonsense_is_refused() -> Outcome {
    let pair = Pair::start(Major::V18)?;
    pair.fight(1)?;
    pair.fight(2)?;
    assert_eq!(ids(&pair.a, all())?.len(), 2);
    assert_eq!(ids(&pair.a, ConflictFilter { state: Some("resolved".into()), ..all() })?.len(), 0);
    let bulk = |filter| {
        Request::ConflictResolveBulk(ConflictResolveBulk {
            choice: "local".into(),
            filter,
            reason: None,
            dry_run: false,
        })
    };
    let of_table = ConflictFilter { table: Some("t".into()), ..all() };
    for nonsense in [
        Request::ConflictList(ConflictFilter { state: Some("maybe".into()), ..all() }),
        Request::ConflictShow { id: 999_999 },
        bulk(ConflictFilter { conflict_type: Some("UPDATE-UPDATE".into()), ..of_table.clone() }),
    ] {
        assert!(pair.a.ask(&nonsense).is_err(), "{nonsense:?}");
    }
    assert!(matches!(pair.a.ask(&bulk(of_table))?, Response::Resolved { count: 2, .. }));
    assert_eq!(pair.a.status()?.pending_conflicts, 0);
    pair.finish();
    Ok(())
}
