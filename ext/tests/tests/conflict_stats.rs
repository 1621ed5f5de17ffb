//! Conflicts are counted once, however they are logged, decided and removed.

use steep_ext_tests::{DATABASE, Outcome, add_peer_b, log_conflict, node_with_table, refusal};
use steep_testkit::{Major, on_each_major};

const STATS: &str = "
    select coalesce(string_agg(concat_ws(' ', conflict_type, pg_conflict, total, pending, applied_remote, kept_local, merged, reverted),
      ', ' order by conflict_type, pg_conflict), '')
    from steep_repl.conflict_stats where subscription = 'sub_b'";

const OLD: &str = r#""detected_at": "2025-01-01 00:00+00", "resolved_at": "2025-01-01 00:00+00""#;

on_each_major! {
    fn counts_do_not_depend_on_when_they_are_taken(major: Major) -> Outcome {
        let cluster = node_with_table(major)?;
        for counts_between in [false, true] {
            cluster.execute(DATABASE, "delete from steep_repl.conflict_log; delete from steep_repl.conflict_counters")?;
            let count = || if counts_between {
                cluster.execute(DATABASE, "select steep_repl.count_conflicts()")
            } else {
                Ok(())
            };
            let check = |expected: &str| -> Outcome {
                for _ in 0..2 {
                    assert_eq!(cluster.value(DATABASE, STATS)?, expected);
                    count()?;
                }
                Ok(())
            };
            let first = log_conflict(&cluster, "{}")?;
            log_conflict(&cluster, r#"{"resolution": "KEPT_LOCAL", "pg_conflict": "update_origin_differs"}"#)?;
            check("UPDATE-UPDATE update_origin_differs 1 0 0 1 0 0, UPDATE-UPDATE 1 1 0 0 0 0")?;
            cluster.execute(DATABASE, "update t set v = 'local', n = 1 where id = 1")?;
            cluster.execute(DATABASE, &format!("select steep_repl.resolve_conflict({first}, 'remote')"))?;
            check("UPDATE-UPDATE update_origin_differs 1 0 0 1 0 0, UPDATE-UPDATE 1 0 1 0 0 0")?;
            cluster.execute(DATABASE, &format!("select steep_repl.revert_resolution({first})"))?;
            check("UPDATE-UPDATE update_origin_differs 1 0 0 1 0 0, UPDATE-UPDATE 1 0 0 0 0 1")?;
        }
        cluster.finish();
        Ok(())
    }

    fn a_conflict_that_commits_late_is_counted_once(major: Major) -> Outcome {
        let cluster = node_with_table(major)?;
        let mut late = cluster.client(DATABASE);
        let mut late = late.transaction()?;
        late.batch_execute("insert into steep_repl.conflict_log (subscription, table_schema, table_name, conflict_type, resolution)
            values ('sub_b', 'public', 't', 'INSERT-INSERT', 'KEPT_LOCAL')")?;
        log_conflict(&cluster, "{}")?;
        // As if half a minute passed between the calls: ids would be taken for settled if they were.
        let settle = "
            select steep_repl.count_conflicts();
            update steep_repl.conflict_count_state set next_settled_at = next_settled_at - interval '30 seconds';";
        for _ in 0..4 {
            cluster.execute(DATABASE, settle)?;
        }
        assert_eq!(cluster.value(DATABASE, STATS)?, "UPDATE-UPDATE 1 1 0 0 0 0");
        assert_eq!(cluster.value(DATABASE, "select settled_id from steep_repl.conflict_count_state")?, "0");
        late.commit()?;
        for _ in 0..4 {
            assert_eq!(cluster.value(DATABASE, STATS)?, "INSERT-INSERT 1 0 0 1 0 0, UPDATE-UPDATE 1 1 0 0 0 0");
            cluster.execute(DATABASE, settle)?;
        }
        // Everything is counted and settled: the view looks at no old entry any more.
        assert_eq!(cluster.value(DATABASE, "select settled_id from steep_repl.conflict_count_state")?, "2");
        assert_eq!(cluster.value(DATABASE, "select count(*) from steep_repl.uncounted_conflicts()")?, "0");
        // An old entry is decided: still once.
        cluster.execute(DATABASE, "select steep_repl.resolve_conflict(2, 'local')")?;
        assert_eq!(cluster.value(DATABASE, STATS)?, "INSERT-INSERT 1 0 0 1 0 0, UPDATE-UPDATE 1 0 0 1 0 0");
        cluster.finish();
        Ok(())
    }

    fn counting_waits_for_a_decision_under_way(major: Major) -> Outcome {
        let cluster = node_with_table(major)?;
        log_conflict(&cluster, "{}")?;
        let mut person = cluster.client(DATABASE);
        let mut person = person.transaction()?;
        person.batch_execute("select steep_repl.resolve_conflict(1, 'local')")?;
        assert_eq!(cluster.value(DATABASE, "select steep_repl.count_conflicts()")?, "0");
        assert_eq!(cluster.value(DATABASE, STATS)?, "UPDATE-UPDATE 1 1 0 0 0 0");
        person.commit()?;
        cluster.execute(DATABASE, "select steep_repl.count_conflicts()")?;
        assert_eq!(cluster.value(DATABASE, STATS)?, "UPDATE-UPDATE 1 0 0 1 0 0");
        cluster.finish();
        Ok(())
    }

    fn many_counts_are_added_up(major: Major) -> Outcome {
        let cluster = node_with_table(major)?;
        for _ in 0..30 {
            log_conflict(&cluster, r#"{"resolution": "KEPT_LOCAL"}"#)?;
            cluster.execute(DATABASE, "select steep_repl.count_conflicts()")?;
        }
        assert_eq!(cluster.value(DATABASE, STATS)?, "UPDATE-UPDATE 30 0 0 30 0 0");
        let rows: i64 = cluster.value(DATABASE, "select count(*) from steep_repl.conflict_counters")?.parse()?;
        assert!(rows <= 11, "{rows}");
        cluster.finish();
        Ok(())
    }

    fn every_subscription_has_postgres_own_counts(major: Major) -> Outcome {
        let cluster = node_with_table(major)?;
        add_peer_b(&cluster)?;
        cluster.execute(DATABASE, "create role viewer login in role steep_repl_viewer")?;
        let stats = "set session authorization viewer; \
            select concat_ws(' ', subscription, peer_node_id, coalesce(conflict_type, '-'), total, apply_error_count, \
              native ->> 'sync_error_count', native ? 'confl_update_origin_differs') from steep_repl.conflict_stats";
        let mut client = cluster.client(DATABASE);
        let (role, query) = stats.split_once("; ").ok_or("role")?;
        client.batch_execute(role)?;
        let mut row = || -> Result<String, postgres::Error> { Ok(client.query_one(query, &[])?.get(0)) };
        let own = if matches!(major, Major::V18) { "t" } else { "f" };
        assert_eq!(row()?, format!("sub_b b - 0 0 0 {own}"));
        log_conflict(&cluster, "{}")?;
        assert_eq!(row()?, format!("sub_b b UPDATE-UPDATE 1 0 0 {own}"));
        cluster.finish();
        Ok(())
    }

    fn retention_removes_old_decided_conflicts_and_keeps_their_counts(major: Major) -> Outcome {
        let cluster = node_with_table(major)?;
        let left = "select coalesce(string_agg(id::text, ' ' order by id), '') from steep_repl.conflict_log";
        let pending = log_conflict(&cluster, &format!("{{{OLD}}}"))?;
        log_conflict(&cluster, &format!(r#"{{"resolution": "KEPT_LOCAL", {OLD}}}"#))?;
        log_conflict(&cluster, &format!(r#"{{"resolution": "APPLIED_REMOTE", {OLD}}}"#))?;
        let new = log_conflict(&cluster, r#"{"resolution": "KEPT_LOCAL", "resolved_at": "2025-01-01 00:00+00"}"#)?;
        let just_decided = log_conflict(&cluster, &format!(
            r#"{{"resolution": "KEPT_LOCAL", "detected_at": "2025-01-01 00:00+00", "resolved_at": "{}"}}"#,
            cluster.value(DATABASE, "select now()")?))?;
        let before = cluster.value(DATABASE, STATS)?;
        assert_eq!(cluster.value(DATABASE, "select steep_repl.prune_conflict_log()")?, "2");
        assert_eq!(cluster.value(DATABASE, left)?, format!("{pending} {new} {just_decided}"));
        assert_eq!(cluster.value(DATABASE, STATS)?, before);
        assert_eq!(before, "UPDATE-UPDATE 5 1 1 3 0 0");
        assert_eq!(cluster.value(DATABASE, "select steep_repl.prune_conflict_log()")?, "0");
        // More than a batch.
        cluster.execute(DATABASE, "
            insert into steep_repl.conflict_log (subscription, table_schema, table_name, conflict_type, resolution, detected_at, resolved_at)
            select 'sub_b', 'public', 't', 'INSERT-INSERT', 'KEPT_LOCAL', '2025-01-01', '2025-01-01' from generate_series(1, 25000)")?;
        assert_eq!(cluster.value(DATABASE, "select steep_repl.prune_conflict_log()")?, "25000");
        assert_eq!(cluster.value(DATABASE, STATS)?, "INSERT-INSERT 25000 0 0 25000 0 0, UPDATE-UPDATE 5 1 1 3 0 0");
        cluster.finish();
        Ok(())
    }

    fn retention_is_a_setting(major: Major) -> Outcome {
        let cluster = node_with_table(major)?;
        let log = || log_conflict(&cluster, r#"{"resolution": "KEPT_LOCAL", "resolved_at": "2020-01-01 00:00+00", "detected_at": "2020-01-01 00:00+00"}"#);
        assert_eq!(cluster.value(DATABASE, "select steep_repl.conflict_log_retention() = '30 days'")?, "t");
        log()?;
        for (setting, removed) in [("0", "0"), ("6000d", "0"), ("2h", "1")] {
            cluster.execute(DATABASE, &format!("alter system set steep_repl.conflict_log_retention = '{setting}'"))?;
            cluster.reload()?;
            assert_eq!(cluster.value(DATABASE, "select steep_repl.prune_conflict_log()")?, removed, "{setting}");
        }
        let odd = refusal(&cluster, DATABASE, "alter system set steep_repl.conflict_log_retention = 'soon'");
        assert_eq!(odd.code, "22023");
        cluster.finish();
        Ok(())
    }
}
