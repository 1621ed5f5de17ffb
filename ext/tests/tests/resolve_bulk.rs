//! Many pending conflicts are decided alike, or none.

use steep_ext_tests::{DATABASE, Outcome, log_conflict, node_with_table, refusal, row_of};
use steep_testkit::{Major, on_each_major, wait};

const PENDING: &str = "select coalesce(string_agg(id::text, ' ' order by id), '') from steep_repl.conflict_log where resolution = 'PENDING'";

/// A conflict of row `id`, which is inserted.
fn conflict_of(id: i32, more: &str) -> String {
    format!(
        r#"{{"row_key": {{"id": {id}}}, "local_tuple": {{"id": {id}, "v": "here {id}", "n": 0}},
        "remote_tuple": {{"id": {id}, "v": "there {id}", "n": 0}}{more}}}"#
    )
}

on_each_major! {
    fn filters_choose_what_is_decided(major: Major) -> Outcome {
        let cluster = node_with_table(major)?;
        cluster.execute(DATABASE, "
            insert into t select i, 'here ' || i from generate_series(2, 9) i;
            create schema \"S 2\"; create table \"S 2\".\"T 2\" (id int primary key, v text, n int default 0);
            insert into \"S 2\".\"T 2\" values (2, 'here 2'); select steep_repl.add_table('\"S 2\".\"T 2\"')")?;
        let mut ids = Vec::new();
        for (id, more) in [
            (2, ""),
            (3, r#", "origin_xid": 7"#),
            (4, r#", "origin_xid": 7, "detected_at": "2026-02-01 00:00+00""#),
            (5, r#", "detected_at": "2026-02-02 00:00+00""#),
            (2, r#", "table_schema": "S 2", "table_name": "T 2""#),
        ] {
            ids.push(log_conflict(&cluster, &conflict_of(id, more))?);
        }
        for (call, chosen) in [
            ("p_filter_xid => 7", vec![1, 2]),
            ("p_filter_xid => 7, p_filter_time_end => '2026-03-01'", vec![2]),
            ("p_filter_table => 'public.t'", vec![0, 1, 2, 3]),
            ("p_filter_table => 'T'", vec![0, 1, 2, 3]),
            (r#"p_filter_table => '"S 2"."T 2"'"#, vec![4]),
            ("p_filter_table => 'T 2'", vec![4]),
            ("p_filter_time_start => '2026-02-01 00:00+00', p_filter_time_end => '2026-02-02 00:00+00'", vec![2, 3]),
            ("p_filter_time_start => '2026-02-01 00:00:01+00'", vec![0, 1, 3, 4]),
            ("8", vec![]),
        ] {
            let mut client = cluster.client(DATABASE);
            let mut transaction = client.transaction()?;
            let count: i32 = transaction.query_one(&format!("select steep_repl.resolve_conflicts_bulk('remote', {call})"), &[])?.get(0);
            assert_eq!(usize::try_from(count)?, chosen.len(), "{call}");
            let left: String = transaction.query_one(PENDING, &[])?.get(0);
            let expected: Vec<_> = (0..5).filter(|i| !chosen.contains(i)).filter_map(|i| ids.get(i)).cloned().collect();
            assert_eq!(left, expected.join(" "), "{call}");
            transaction.rollback()?;
            let dry = format!("select steep_repl.resolve_conflicts_bulk('remote', {call}, p_dry_run => true)");
            assert_eq!(cluster.value(DATABASE, &dry)?, chosen.len().to_string(), "{call}");
            assert_eq!(cluster.value(DATABASE, PENDING)?, ids.join(" "), "{call}");
        }
        let written = "select steep_repl.resolve_conflicts_bulk('remote', 7, p_reason => 'all of 7')";
        assert_eq!(cluster.value(DATABASE, written)?, "2");
        assert_eq!((row_of(&cluster, 3)?.as_str(), row_of(&cluster, 2)?.as_str()), ("there 3 0", "here 2 0"));
        assert_eq!(cluster.value(DATABASE, "select count(*) from steep_repl.resolutions where reason = 'all of 7'")?, "2");
        cluster.finish();
        Ok(())
    }

    fn one_bad_conflict_fails_the_whole_and_is_named(major: Major) -> Outcome {
        let cluster = node_with_table(major)?;
        cluster.execute(DATABASE, "insert into t select i, 'here ' || i from generate_series(2, 4) i")?;
        log_conflict(&cluster, &conflict_of(2, ""))?;
        let bad = log_conflict(&cluster, &conflict_of(3, "").replace("\"here 3", "\"was 3"))?;
        log_conflict(&cluster, &conflict_of(4, ""))?;
        let before = cluster.value(DATABASE, PENDING)?;
        let changed = refusal(&cluster, DATABASE, "select steep_repl.resolve_conflicts_bulk('local', 100)");
        assert_eq!(changed.code, "55000");
        assert_eq!(changed.message, format!("conflict {bad}: the row of conflict {bad} has changed since the conflict was logged"));
        assert!(changed.detail.ends_with("No conflict was resolved."), "{changed:?}");
        cluster.execute(DATABASE, "update t set v = 'was 3' where id = 3; alter table t add constraint never check (v <> 'there 3')")?;
        let violated = refusal(&cluster, DATABASE, "select steep_repl.resolve_conflicts_bulk('remote', 100)");
        assert_eq!((violated.code.as_str(), violated.message), ("23514", format!(
            "conflict {bad}: new row for relation \"t\" violates check constraint \"never\"")));
        assert_eq!(cluster.value(DATABASE, PENDING)?, before);
        assert_eq!(row_of(&cluster, 2)?, "here 2 0");
        for (call, message) in [
            ("'local'", "no filter given for a bulk resolution"),
            ("'merged', 100", "a bulk resolution cannot merge"),
            ("'ours', 100", "resolution \"ours\" does not exist"),
            ("'local', p_filter_table => 'tt'", "no replicated table is named tt"),
            ("'local', p_filter_table => 'other.t'", "no replicated table is named other.t"),
            ("'local', p_filter_table => 't''; drop table t; --'", "no replicated table is named t'; drop table t; --"),
            ("'local', p_filter_time_start => '2026-01-02+00', p_filter_time_end => '2026-01-01+00'",
             "time range of a bulk resolution is empty: 2026-01-02 00:00:00+00 is after 2026-01-01 00:00:00+00"),
        ] {
            let refused = refusal(&cluster, DATABASE, &format!("select steep_repl.resolve_conflicts_bulk({call})"));
            assert_eq!(refused.message, message);
            assert!(!refused.hint.is_empty(), "{call}");
        }
        cluster.finish();
        Ok(())
    }

    fn the_latest_conflict_of_a_row_decides_it(major: Major) -> Outcome {
        let cluster = node_with_table(major)?;
        for (at, v) in [("01", "first"), ("02", "second"), ("03", "third")] {
            log_conflict(&cluster, &format!(r#"{{"remote_xact_ts": "2026-01-01 10:00:{at}+00",
                "remote_tuple": {{"id": 1, "v": "{v}", "n": 0}}}}"#))?;
        }
        assert_eq!(cluster.value(DATABASE, "select steep_repl.resolve_conflicts_bulk('remote', 100)")?, "3");
        assert_eq!(row_of(&cluster, 1)?, "third 0");
        assert_eq!(cluster.value(DATABASE, "select count(*) from steep_repl.resolutions")?, "1");
        assert_eq!(cluster.value(DATABASE, PENDING)?, "");
        cluster.finish();
        Ok(())
    }

    fn two_people_at_the_same_rows_wait_for_each_other(major: Major) -> Outcome {
        let cluster = node_with_table(major)?;
        cluster.execute(DATABASE, "insert into t select i, 'here ' || i from generate_series(2, 40) i")?;
        for id in (2..=40).rev() {
            log_conflict(&cluster, &conflict_of(id, &format!(r#", "origin_xid": {}"#, id % 3)))?;
        }
        // Whoever waits for the first conflict holds none of the others.
        let mut first = cluster.client(DATABASE);
        let mut first = first.transaction()?;
        first.batch_execute("select from steep_repl.conflict_log where id = 1 for update")?;
        let mut waiting = cluster.client(DATABASE);
        let waiting = std::thread::spawn(move || waiting.batch_execute("
            begin; select steep_repl.resolve_conflicts_bulk('remote', p_filter_table => 't'); rollback"));
        let waits = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query ~ 'bulk'";
        wait::query_returns(&cluster, DATABASE, waits, "1", wait::DEADLINE)?;
        let free = "select count(*) from (select from steep_repl.conflict_log for update skip locked) c";
        assert_eq!(cluster.value(DATABASE, free)?, "38");
        first.commit()?;
        waiting.join().map_err(|_| "a thread failed")??;

        let resolve = |filter: &'static str| {
            let mut client = cluster.client(DATABASE);
            std::thread::spawn(move || client.query_one(
                &format!("select steep_repl.resolve_conflicts_bulk('remote', {filter})"), &[]).map(|row| row.get::<_, i32>(0)))
        };
        let filters = ["1", "p_filter_table => 't'", "2", "p_filter_time_start => '2020-01-01'", "0"];
        let running: Vec<_> = filters.into_iter().map(resolve).collect();
        let mut decided = 0;
        for one in running {
            decided += one.join().map_err(|_| "a thread failed")??;
        }
        assert_eq!(decided, 39);
        assert_eq!(cluster.value(DATABASE, "select count(distinct resolution_id) from steep_repl.conflict_log")?, "39");
        cluster.finish();
        Ok(())
    }
}
