//! The conflict log, and decisions about it.

use steep_pg::Class;
use steep_pg::conflicts::{self, Bulk, Decision, Filter, State};
use steep_testkit::{Major, on_each_major, wait};

use super::pair::{Outcome, Pair, blocking, run};

fn decision(id: i64, choice: &str) -> Decision {
    Decision { id, choice: choice.into(), merged: None, reason: Some("test".into()), force: false }
}

on_each_major! {
    fn a_conflict_is_listed_previewed_decided_and_reverted(major: Major) -> Outcome {
        let pair = Pair::start(major)?;
        run(async {
            pair.fight(1)?;
            let a = pair.connect("a").await?;
            assert_eq!(conflicts::pending(&a).await?, 1);
            let listed = conflicts::list(&a, &Filter { limit: 10, ..Filter::default() }).await?;
            assert_eq!(listed.len(), 1);
            let first = &listed[0];
            assert_eq!(first.table, "public.t");
            assert_eq!(first.key, "{\"id\": 1}");
            assert_eq!(first.resolution.as_deref(), Some("PENDING"));
            assert_eq!((first.local_node.as_deref(), first.remote_node.as_deref()), (Some("a"), Some("b")));
            let (shown, row) = conflicts::show(&a, first.id).await?.ok_or("gone")?;
            assert_eq!(&shown, first);
            assert!(row.contains("of b"), "{row}");
            assert_eq!(conflicts::show(&a, 999_999).await?, None);

            let steps = conflicts::preview(&a, first.id, "remote", None).await?;
            assert!(steps.iter().any(|step| step.result.as_deref().is_some_and(|row| row.contains("of b"))), "{steps:?}");
            conflicts::resolve(&a, &decision(first.id, "remote")).await?;
            for node in ["a", "b"] {
                blocking(|| wait::query_returns(pair.mesh.node(node), "postgres", "select v from t", "of b", wait::DEADLINE))?;
            }
            assert_eq!(conflicts::pending(&a).await?, 0);
            let again = conflicts::resolve(&a, &decision(first.id, "remote")).await.unwrap_err();
            assert_eq!(again.class(), Class::Operator, "{again}");
            let missing = conflicts::resolve(&a, &decision(999_999, "remote")).await.unwrap_err();
            assert_eq!(missing.class(), Class::Misuse, "{missing} {missing:?}");
            assert!(missing.hint().is_some());

            conflicts::revert(&a, first.id, None, true).await?;
            conflicts::revert(&a, first.id, Some("was wrong"), false).await?;
            blocking(|| wait::query_returns(pair.mesh.node("b"), "postgres", "select v from t", "of a", wait::DEADLINE))?;
            let kinds = conflicts::stats(&a).await?;
            assert_eq!(kinds.len(), 1);
            assert_eq!(kinds[0].by_outcome[4], ("REVERTED", 1));
            Ok(())
        })?;
        // What the test did wrong on purpose.
        pair.mesh.node("a").expect_log("conflict");
        pair.mesh.finish();
        Ok(())
    }

    fn filters_select_and_bulk_decides_them(major: Major) -> Outcome {
        let pair = Pair::start(major)?;
        run(async {
            pair.fight(1)?;
            pair.fight(2)?;
            let a = pair.connect("a").await?;
            let count = async |filter: Filter| conflicts::list(&a, &filter).await.map(|rows| rows.len());
            let all = || Filter { limit: 10, ..Filter::default() };
            assert_eq!(count(all()).await?, 2);
            assert_eq!(count(Filter { limit: 1, ..all() }).await?, 1);
            assert_eq!(count(Filter { state: Some(State::Pending), ..all() }).await?, 2);
            assert_eq!(count(Filter { state: Some(State::Resolved), ..all() }).await?, 0);
            assert_eq!(count(Filter { table: Some("public.t".into()), ..all() }).await?, 2);
            assert_eq!(count(Filter { table: Some("T".into()), ..all() }).await?, 2);
            assert_eq!(count(Filter { table: Some("other.t".into()), ..all() }).await?, 0);
            assert_eq!(count(Filter { conflict_type: Some("update-update".into()), ..all() }).await?, 2);
            assert_eq!(count(Filter { since: Some("2020-01-01T00:00:00Z".into()), ..all() }).await?, 2);
            assert_eq!(count(Filter { until: Some("2020-01-01T00:00:00Z".into()), ..all() }).await?, 0);
            let newest = conflicts::list(&a, &all()).await?.remove(0);
            assert_eq!(count(Filter { before_id: Some(newest.id), ..all() }).await?, 1);
            let nonsense = conflicts::list(&a, &Filter { since: Some("yesterday or so".into()), ..all() }).await;
            assert_eq!(nonsense.unwrap_err().class(), Class::Misuse);

            let bulk = Bulk { choice: "local".into(), table: Some("t".into()), ..Bulk::default() };
            assert_eq!(conflicts::would_resolve_bulk(&a, &bulk).await?, 2);
            assert_eq!(conflicts::pending(&a).await?, 2);
            assert_eq!(conflicts::resolve_bulk(&a, &bulk).await?, 2);
            assert_eq!(conflicts::pending(&a).await?, 0);
            let unfiltered = Bulk { choice: "local".into(), ..Bulk::default() };
            let refused = conflicts::resolve_bulk(&a, &unfiltered).await.unwrap_err();
            assert_eq!(refused.class(), Class::Misuse, "{refused}");
            Ok(())
        })?;
        pair.mesh.node("a").expect_log("yesterday or so");
        pair.mesh.node("a").expect_log("no filter given");
        pair.mesh.finish();
        Ok(())
    }
}
